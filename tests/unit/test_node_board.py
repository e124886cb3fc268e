"""What firmware says of a board and its memory modules (SMBIOS), on constructed machines (tests/machines)."""

from __future__ import annotations

import json
import re
import shutil
import struct
from pathlib import Path

import pytest

from blackstart.engine import process
from blackstart.node import board
from blackstart.node.gpu import sysfs
from tests.support.machines import grow, smbios, structures

MACHINES = Path(__file__).parents[1] / "machines"
GIB = 1 << 30
DMIDECODE = shutil.which("dmidecode", path="/usr/sbin:/usr/bin:/sbin:/bin")


def modules(*sizes: str) -> str:
    """Return what dmidecode prints of memory modules."""
    form = "Memory Device\n\tSize: {}\n\tForm Factor: SODIMM\n\tLocator: DIMM {}\n"
    return "\n".join(form.format(size, number) for number, size in enumerate(sizes))


@pytest.mark.skipif(DMIDECODE is None, reason="needs dmidecode (.config/test-packages.sh installs it)")
@pytest.mark.parametrize("path", sorted(MACHINES.glob("*/*.json")), ids=lambda path: path.stem)
def test_the_real_dmidecode_reads_it_off_the_table_that_is_grown(path: Path, tmp_path: Path) -> None:
    text: str = json.loads(path.read_text())["dmidecode"]
    table = smbios(text)
    # A dump as dmidecode makes them: an entry point whose bytes sum up to nothing, and the table behind it.
    entry = bytearray(struct.pack("<5sBBBBBBBIQ", b"_SM3_", 0, 24, 3, 0, 0, 1, 0, len(table), 0x20))
    entry[5] = -sum(entry) & 0xFF
    (tmp_path / "dump").write_bytes(bytes(entry).ljust(0x20, b"\0") + table)
    done = process.run([str(DMIDECODE), "--from-dump", tmp_path / "dump"])
    read = structures(re.sub(r"(?m)^Handle .*\n", "", done.stdout.partition("present.\n")[2]))
    wanted = structures(text)
    assert [
        (name, {key: entries.get(key) for key in entries.keys() & want})
        for (name, entries), (_, want) in zip(read, wanted, strict=False)
    ] == wanted


@pytest.mark.parametrize(
    ("said", "serial"),
    [
        ("B9241A00001", "B9241A00001"),
        ("Default string", ""),
        ("To be filled by O.E.M.", ""),
        ("0000000", ""),
        ("Not Specified", ""),
    ],
)
def test_a_board_s_serial_is_a_number_and_no_excuse(tmp_path: Path, said: str, serial: str) -> None:
    machine = json.loads((MACHINES / "gpu/right.json").read_text())
    text: str = machine["dmidecode"]
    start, end = text.index("Serial Number: "), text.index("\n\n")
    grow(machine | {"dmidecode": f"{text[:start]}Serial Number: {said}{text[end:]}"}, tmp_path)
    assert board.serial(tmp_path) == serial


def test_modules_are_read_in_every_spelling_of_their_size() -> None:
    assert sysfs.dimm_bytes(smbios(modules("48 GB", "48 GB", "No Module Installed"))) == 96 * GIB
    assert sysfs.dimm_bytes(smbios(modules(*["24 GB"] * 4))) == 96 * GIB
    assert sysfs.dimm_bytes(smbios(modules("512 MB"))) == 512 << 20
    assert sysfs.dimm_bytes(smbios(modules("512 kB"))) == 512 << 10
    assert sysfs.dimm_bytes(smbios(modules("Unknown"))) == 0


def test_a_damaged_table_ends_the_sum() -> None:
    whole = smbios(modules("24 GB", "24 GB"))
    for cut in range(len(whole)):
        assert sysfs.dimm_bytes(whole[:cut]) in {0, 24 * GIB, 48 * GIB}
    assert sysfs.dimm_bytes(b"\x11\x00\x00\x00" * 8) == 0  # a length of nothing leads nowhere
