"""Signatures of known formats: what blkid and wipefs say, and copies that they do not look for."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from ..command import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .reader import Reader

MIB, GIB, TIB = 1 << 20, 1 << 30, 1 << 40
_TABLES = {"gpt", "dos", "PMBR", "sgi", "sun", "mac", "bsd", "atari"}
_NOTHING, _AMBIVALENT = 2, 8  # blkid(8), exit codes
# Groups of ext2-4 that keep a copy (sparse_super: 1 and the powers of 3, 5 and 7), as far as anybody loses them all.
_GROUPS = (1, 3, 5, 7, 9, 25, 27, 49, 81, 125, 243, 343, 625, 729, 2187, 2401, 3125, 6561)
_EXT_MAGIC = b"\x53\xef"
_XFS_GROUPS = (2, 4, 8, 16, 32)  # allocation groups that mkfs.xfs makes of a disk below 4 TiB
_ZFS_LABEL = 256 << 10
_ZFS_MAGIC = (0x00BAB10C).to_bytes(8, "little")


class Unclear(Exception):  # noqa: N818 - that a disk cannot be told is a finding here
    """blkid or wipefs could not tell what is on a disk; its text says how they ended."""


class Magic(NamedTuple):
    """A format's magic bytes at an offset in bytes, with the offset at which what they belong to begins."""

    kind: str
    usage: str
    at: int
    magic: bytes
    begins: int


def known(path: str) -> list[dict[str, Any]]:
    """Return what wipefs finds, and what blkid makes of it, as the fields of Signature. Raises Unclear."""
    found = []
    for entry in json.loads(_wipefs(path) or "{}").get("signatures", []):
        kind, usage = entry["type"], entry.get("usage") or ""
        usage = "partition-table" if kind in _TABLES else usage
        offset, label, uuid = int(entry["offset"], 16), entry.get("label") or "", entry.get("uuid") or ""
        found.append({"kind": kind, "usage": usage, "offset": offset, "label": label, "uuid": uuid})
    status, text = _run(["blkid", "-p", "-o", "export", path], {0, _NOTHING, _AMBIVALENT})
    values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    kinds = {entry["kind"] for entry in found}
    if status == _AMBIVALENT:
        found.append(_fields("ambivalent", "other", 0))
    for name, usage in (("TYPE", values.get("USAGE", "")), ("PTTYPE", "partition-table")):
        if status != _NOTHING and values.get(name, "") not in {"", *kinds}:
            found.append(_fields(values[name], usage, 0))
    return found


def _fields(kind: str, usage: str, offset: int) -> dict[str, Any]:
    return {"kind": kind, "usage": usage, "offset": offset, "label": "", "uuid": ""}


def _wipefs(path: str) -> str:
    """Return what `wipefs --no-act` prints; without -a and -o it opens the disk for reading only."""
    return _run(["wipefs", "--no-act", "--json", "--output", "OFFSET,TYPE,UUID,LABEL,USAGE", path], {0})[1]


def _run(argv: list[str], fine: set[int]) -> tuple[int, str]:
    """Return status and output; a program that fails, or is not there, is never taken for "nothing found"."""
    ended = run(argv)
    if ended.status not in fine:
        raise Unclear(f"{argv[0]} ended with status {ended.status}: {ended.said(1)}")
    return ended.status, ended.out


def copies(disk: Reader) -> list[dict[str, Any]]:
    """Return the marks found at the places where formats keep copies, as the fields of Signature. Raises Unreadable."""
    found = [mark for mark in marks(disk.size) if disk.read(mark.at, len(mark.magic)) == mark.magic]
    found += [mark for mark in ext(disk.size) if _is_ext(disk, mark)]
    return [*(_fields(mark.kind, mark.usage, mark.begins) for mark in found), *_zfs(disk)]


def offsets(size: int) -> set[int]:
    """Return every place where a copy may lie, for a reading of what is there."""
    middle = {size // 2}  # NTFS of old kept its second boot sector there
    return {mark.begins for mark in (*marks(size), *ext(size))} | middle


def marks(size: int) -> Iterator[Magic]:
    """Yield the marks by which a format is known without a doubt, as far as they lie within the disk."""
    for kind, usage, begins, inside, magic in _all(size):
        if begins >= 0 and begins + inside + len(magic) <= size:
            yield Magic(kind, usage, begins + inside, magic, begins)


def _all(size: int) -> Iterator[tuple[str, str, int, int, bytes]]:
    for at in (512, 4096, size - 512, size - 4096):  # by sector size; UEFI 2.10, 5.3.1
        yield "gpt", "partition-table", at, 0, b"EFI PART"
    # md(4): 0.90 in the last whole 64 KiB but one, 1.0 8 KiB before the end, 1.1 at the start, 1.2 at 4 KiB.
    for at in (0, 4096, (size // 512 - 16 & ~7) * 512, (size & ~0xFFFF) - 0x10000):
        yield "linux_raid_member", "raid", at, 0, b"\xfc\x4e\x2b\xa9"
    for at in range(0, 2048, 512):
        yield "LVM2_member", "raid", at, 0, b"LABELONE"
    yield "crypto_LUKS", "crypto", 0, 0, b"LUKS\xba\xbe"
    for power in range(14, 23):  # LUKS2's second header follows the first, whose size is 16 KiB to 4 MiB
        yield "crypto_LUKS", "crypto", 1 << power, 0, b"SKUL\xba\xbe"
    for at in (64 << 10, 64 * MIB, 256 * GIB):
        yield "btrfs", "filesystem", at, 64, b"_BHRfS_M"
    for at in sorted(_xfs(size)):
        yield "xfs", "filesystem", at, 0, b"XFSB"
    for page in (4096, 8192, 16384, 65536):
        yield "swap", "other", 0, page - 10, b"SWAPSPACE2"
    for at in (0, 4096):
        yield "f2fs", "filesystem", at, 1024, b"\x10\x20\xf5\xf2"
    for at in (0, size - 512):
        yield "ntfs", "filesystem", at, 3, b"NTFS    "


def _xfs(size: int) -> set[int]:
    """Return where XFS's allocation groups begin as mkfs.xfs divides a disk: equal parts, or 1 TiB each."""
    blocks = size // 4096
    parts = {-(-blocks // count) * 4096 * number for count in _XFS_GROUPS for number in range(count)}
    return parts | set(range(0, size, TIB))


def ext(size: int) -> Iterator[Magic]:
    """Yield where copies of ext2-4's superblock lie, by block size (a group has as many blocks as a block has bits)."""
    for block in (1024, 2048, 4096, 65536):
        for group in _GROUPS:
            begins = group * 8 * block * block + (1024 if block == 1024 else 0)  # noqa: PLR2004 - block 0 is not used
            if begins + 1024 <= size:
                yield Magic("ext4", "filesystem", begins + 0x38, _EXT_MAGIC, begins)


def _is_ext(disk: Reader, mark: Magic) -> bool:
    """Tell whether it is a superblock: two bytes of magic are not enough, its block size must fit its place."""
    block = disk.read(mark.begins, 1024)
    if len(block) < 1024 or block[0x38:0x3A] != _EXT_MAGIC:  # noqa: PLR2004 - the size of a superblock
        return False
    (log,) = struct.unpack_from("<I", block, 0x18)
    (group,) = struct.unpack_from("<H", block, 0x5A)
    unit = 1024 << log if log <= 6 else 0  # noqa: PLR2004 - 64 KiB, the largest
    return unit != 0 and mark.begins == group * 8 * unit * unit + (1024 if unit == 1024 else 0)  # noqa: PLR2004 - as above


def _zfs(disk: Reader) -> list[dict[str, Any]]:
    """Return ZFS's labels, two at each end: 128 KiB into each is a ring of uberblocks, of which any may be filled."""
    end = disk.size - disk.size % _ZFS_LABEL
    found = []
    for begins in (0, _ZFS_LABEL, end - 2 * _ZFS_LABEL, end - _ZFS_LABEL):
        if begins >= 0:
            ring = disk.read(begins + (128 << 10), 128 << 10)
            if any(ring[at : at + 8] in (_ZFS_MAGIC, _ZFS_MAGIC[::-1]) for at in range(0, len(ring), 1024)):
                found.append(_fields("zfs_member", "filesystem", begins))
    return found
