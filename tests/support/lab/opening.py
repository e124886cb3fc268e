"""Trying to open block devices by their numbers, in a practice node and outside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from blackstart.engine import process
from blackstart.lab import machines
from blackstart.lab.guard import RESERVED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from blackstart.lab.layout import Layout

OPEN_EACH = """
import errno, os, stat, sys, tempfile
for number in sys.argv[1:]:
    major, minor = map(int, number.split(":"))
    probe = tempfile.mktemp(dir="/root")
    os.mknod(probe, 0o600 | stat.S_IFBLK, os.makedev(major, minor))
    try:
        os.close(os.open(probe, os.O_RDONLY))
        print(number, "opened")
    except OSError as error:
        print(number, errno.errorcode[error.errno])
    os.unlink(probe)
"""


def of_this_machine() -> list[str]:
    """Return the numbers of each block device, partitions and loops included, but those reserved for practice disks."""
    numbers = [path.read_text().strip() for path in Path("/sys/class/block").glob("*/dev")]
    return [number for number in numbers if number not in {f"7:{minor}" for minor in RESERVED}]


def outside(numbers: Iterable[str]) -> dict[str, str]:
    """Try to open each on this machine: "opened", or the error's name."""
    return _parsed(process.run(["python3", "-c", OPEN_EACH, *numbers]).stdout)


def inside(layout: Layout, node: str, numbers: Iterable[str]) -> dict[str, str]:
    """Try to open each in a practice node: "opened", or the error's name."""
    return _parsed(machines.execute(node, ["python3", "-c", OPEN_EACH, *numbers], layout=layout))


def _parsed(printed: str) -> dict[str, str]:
    return dict(line.split() for line in printed.splitlines())
