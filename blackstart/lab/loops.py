"""The kernel's loop devices: which file is behind which, attached under a reserved number and taken away whole.

loop-control and its requests: kernel include/uapi/linux/loop.h.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from pathlib import Path

from blackstart.engine import process
from blackstart.errors import RefusedError
from blackstart.lab.guard import RESERVED

_CONTROL = Path("/dev/loop-control")
_REMOVE = 0x4C81  # LOOP_CTL_REMOVE
_LEAVE_SECONDS = 10.0  # udev looks at a disk that changes, and holds it for as long


def attached() -> dict[int, str]:
    """Return the file behind each loop device that has one, by number; one that is gone ends in " (deleted)"."""
    found = {}
    for backing in Path("/sys/block").glob("loop*/loop/backing_file"):
        try:
            found[int(backing.parent.parent.name.removeprefix("loop"))] = backing.read_text().rstrip("\n")
        except OSError:  # detached since the folder was read
            continue
    return found


def attach(file: Path) -> int:
    """Put a file behind the lowest reserved loop device that is free; return its number."""
    for number in RESERVED:
        if number in attached():
            continue
        done = process.run(["losetup", f"/dev/loop{number}", file], check=False)
        if done.returncode == 0:
            return number
        if number not in attached():  # else somebody was faster
            raise process.ProcessError(["losetup", f"/dev/loop{number}"], done.returncode, done.stderr)
    raise RefusedError(
        f"all loop devices from {RESERVED.start} to {RESERVED[-1]} are taken; wanted one for {file}",
        hint="`losetup --list` shows by what; `blackstart lab down` frees those of the practice cluster",
    )


def detach(number: int) -> None:
    """Detach the file of a loop device and, from the reserved numbers up, remove the device.

    Returns when both are gone, partitions included; RefusedError when something holds the device open.
    """
    end = time.monotonic() + _LEAVE_SECONDS
    process.run(["losetup", "--detach", f"/dev/loop{number}"])
    while number in attached() or (number >= RESERVED.start and not _remove(number)):
        if time.monotonic() > end:
            raise RefusedError(
                f"loop{number} is held open; the kernel detaches it when that ends (waited {_LEAVE_SECONDS:.0f} s)",
                hint=f"find what uses it with `fuser -v /dev/loop{number}` or in the practice nodes with `lsblk`",
            )
        time.sleep(0.01)


def _remove(number: int) -> bool:
    control = os.open(_CONTROL, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.ioctl(control, _REMOVE, number)
    except OSError as error:
        if error.errno == errno.EBUSY:
            return False
        if error.errno != errno.ENODEV:  # gone already
            raise
    finally:
        os.close(control)
    return True
