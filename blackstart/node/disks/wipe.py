"""Wipes one disk: in one process it checks identity and use, clears the disk, and verifies that it is blank.

Places of data and uses are those of the survey: both import the same modules. The
device stays open exclusively from the first check to the last proof: the kernel then refuses a mount, an array or an
OSD that comes in between, and refuses us while there is one.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import blankness, bluestore, devices, signatures, usage
from .reader import ALIGNMENT, Reader, Unreadable

# include/uapi/linux/fs.h and blkpg.h
BLKRRPART, BLKDISCARD, BLKZEROOUT, BLKPG, BLKPG_DEL_PARTITION = 0x125F, 0x1277, 0x127F, 0x1269, 2
END = 16 << 20  # at both ends; longer than any format's own head, and both copies of a GPT
AROUND = 1 << 20  # at each place where a format keeps a copy; of a BlueStore label 200 KiB would do
CHUNK = 1 << 30  # of one request for zeros: a disk that must write them takes about a second for it


class Refused(Exception):  # noqa: N818 - what is refused is an answer here
    """Nothing was written, and why."""


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Wipe: request {"disk": name below /dev/disk/by-id, "serial", "size_bytes", "devno", "root": "/"}.

    Returns {"wiped": …, "how", "read_bytes"}, {"refused": why} when nothing was written, or {"failed": what is left}.
    """
    try:
        found = _find(Path(request.get("root", "/")), request)
        file = _open(found)
    except Refused as error:
        return {"refused": str(error)}
    try:
        check(file, found, request)
        how = clear(file, found)
        return {"wiped": request["disk"], "how": how, **prove(found)}
    except Refused as error:
        return {"refused": str(error)}
    except Unreadable as error:
        return {"failed": f"{request['disk']} {error}; it was cleared as far as it goes, and is failing"}
    except OSError as error:
        return {"failed": f"{request['disk']} could not be cleared to its end: {error.strerror}"}
    finally:
        os.close(file)


def _find(root: Path, request: dict[str, Any]) -> devices.Found:
    pointed = devices.links(root)
    name = pointed.get(request["disk"], "")
    for found in devices.disks(root, pointed, {request["disk"]}):
        if found.device.name == name:
            return found
    raise Refused(f"/dev/disk/by-id/{request['disk']} points at no disk any more")


def _open(found: devices.Found) -> int:
    """Open the disk for us alone; raises Refused with its user."""
    try:
        file = os.open(found.path, os.O_RDWR | os.O_EXCL | os.O_CLOEXEC)
    except OSError as error:
        what = "somebody has it exclusively" if error.errno == errno.EBUSY else f"{error.strerror}"
        raise Refused(f"{found.path} cannot be opened for us alone: {what}{_users(found)}") from error
    try:
        # BlueStore locks its device besides (ceph src/blk/kernel/KernelDevice.cc).
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(file)
        raise Refused(f"{found.path} is locked by a program that works on it{_users(found)}") from error
    return file


def _users(found: devices.Found) -> str:
    """Name the users that can be seen, and the OSD whose disk this is."""
    root = Path("/")
    uses = [f"{use['kind']} {use['what']}".strip() for use in usage.Uses(root).of([found.device, *found.partitions])]
    try:
        with Reader(found.path, found.identity["size_bytes"]) as reader:
            labels = bluestore.find(reader, found.starts)
    except (OSError, Unreadable):
        labels = []
    said = [f"OSD {e['osd_id'] or e['osd_uuid']} of cluster {e['ceph_fsid'] or '(no fsid)'}" for e in labels[:1]]
    return "".join(f"; {text}" for text in [*uses, *(f"it is the disk of {name}" for name in said)])


def number(file: int) -> str:
    """Return the number of the block device that is open, as "major:minor"."""
    status = os.fstat(file)
    return f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"


def check(file: int, found: devices.Found, request: dict[str, Any]) -> None:
    """Raise Refused unless the open device is the one that was judged, and is open nowhere else."""
    seen = {
        "number": (number(file), request["devno"]),
        "number in sysfs": (found.device.number, request["devno"]),
        "serial": (found.identity["serial"], request["serial"]),
        "size": (os.lseek(file, 0, os.SEEK_END), request["size_bytes"]),
    }
    wrong = [f"its {what} is {have!r}, judged was {want!r}" for what, (have, want) in seen.items() if have != want]
    if wrong or not request["serial"]:
        raise Refused(f"{found.path} is not the disk that was judged: {'; '.join(wrong) or 'it has no serial'}")
    if users := usage.Uses(Path("/")).of([found.device, *found.partitions]):
        raise Refused(f"{found.path} is in use ({users[0]['kind']} {users[0]['what']}){_users(found)}")


def clear(file: int, found: devices.Found) -> str:
    """Clear the disk and forget its partitions; return how: by discard, or with zeros written all over.

    A disk need not read zeros where it was told to discard (NVMe Base 2.0, 8.1.4), so it is looked at, and the places
    that matter are written with zeros in any case.
    """
    size = found.identity["size_bytes"]
    how = "discard"
    with suppress(OSError):  # not every disk can
        fcntl.ioctl(file, BLKDISCARD, struct.pack("QQ", 0, size))
    if blank(found)["nonzero_at"] is not None:
        how = "zeros"
        for start in range(0, size, CHUNK):
            zero(file, start, min(CHUNK, size - start))
    for start, length in places(size):
        _write_zeros(file, start, length)
    os.fsync(file)
    forget_partitions(file, found)
    return how


def places(size: int) -> list[tuple[int, int]]:
    """Return (start, length) of what is always written with zeros, in order and without overlaps."""
    marks = {place - place % ALIGNMENT for place in (*bluestore.PLACES, *signatures.offsets(size))}
    wanted = [(0, END), (max(size - END, 0), size), *((place, place + AROUND) for place in marks if place < size)]
    merged: list[tuple[int, int]] = []
    for start, end in sorted((start, min(end, size)) for start, end in wanted):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return [(start, end - start) for start, end in merged]


def zero(file: int, start: int, length: int) -> None:
    """Have the kernel zero a part of the disk; write the zeros where it cannot."""
    try:
        fcntl.ioctl(file, BLKZEROOUT, struct.pack("QQ", start, length))
    except OSError as error:
        if error.errno not in {errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL}:
            raise
        _write_zeros(file, start, length)


def _write_zeros(file: int, start: int, length: int) -> None:
    piece = memoryview(bytes(AROUND))
    while length > 0:
        done = os.pwrite(file, piece[: min(AROUND, length)], start)
        start, length = start + done, length - done


class _Partition(ctypes.Structure):
    _fields_ = (
        ("start", ctypes.c_longlong),
        ("length", ctypes.c_longlong),
        ("number", ctypes.c_int),
        ("devname", ctypes.c_char * 64),
        ("volname", ctypes.c_char * 64),
    )


class _Request(ctypes.Structure):
    _fields_ = (
        ("op", ctypes.c_int),
        ("flags", ctypes.c_int),
        ("length", ctypes.c_int),
        ("data", ctypes.c_void_p),
    )


def forget_partitions(file: int, found: devices.Found) -> None:
    """Have the kernel reread the partition table, or drop one by one partitions that a program added (partprobe)."""
    with suppress(OSError):
        fcntl.ioctl(file, BLKRRPART)
    for folder in (part.folder for part in found.partitions if part.folder.exists()):
        part = _Partition(number=int((folder / "partition").read_text()))
        ask = _Request(BLKPG_DEL_PARTITION, 0, ctypes.sizeof(part), ctypes.addressof(part))
        fcntl.ioctl(file, BLKPG, ask)


def blank(found: devices.Found) -> dict[str, Any]:
    """Read the disk past the page cache as the survey does, at every place where data is looked for."""
    size = found.identity["size_bytes"]
    copies = {*bluestore.PLACES, *signatures.offsets(size)}
    with Reader(found.path, size, found.identity["sector_bytes"]) as reader:
        return blankness.look(reader, copies, seed=os.urandom(8).hex(), spinning=found.spinning)


def prove(found: devices.Found) -> dict[str, Any]:
    """Read again all that was written and samples of the rest; raises OSError or Unreadable when it is not zero."""
    size = found.identity["size_bytes"]
    with Reader(found.path, size, found.identity["sector_bytes"]) as reader:
        for start, length in places(size):
            if (at := reader.nonzero(start, length)) is not None:
                raise OSError(errno.EIO, f"byte {at} still is not zero")
    seen = blank(found)
    if seen["error_at"] is not None:
        raise Unreadable(seen["error_at"])
    if seen["nonzero_at"] is not None:
        raise OSError(errno.EIO, f"byte {seen['nonzero_at']} still is not zero")
    return {"read_bytes": seen["read_bytes"], "samples": seen["samples"]}
