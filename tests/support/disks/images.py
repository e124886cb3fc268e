"""Somebody's data on a disk, prepared for real: each function makes a sparse file into a disk that must be refused.

The hard ones are those that blkid and wipefs call blank.
"""

from __future__ import annotations

import hashlib
import os
import random
import struct
import uuid
from typing import TYPE_CHECKING, NamedTuple

from blackstart.engine import process
from blackstart.lab.system import Need

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MIB, GIB = 1 << 20, 1 << 30
BLOCK = 4096
CANARY = b"somebody's only copy\n"
TOOLS = (
    Need("mkfs.ext4", "e2fsprogs", "e2fsprogs"), Need("mkfs.xfs", "xfsprogs", "xfsprogs"),
    Need("mkfs.btrfs", "btrfs-progs", "btrfs-progs"), Need("sgdisk", "gdisk", "gptfdisk"),
    Need("cryptsetup", "cryptsetup-bin", "cryptsetup"),
)  # fmt: skip


class Image(NamedTuple):
    """One prepared disk: its size in bytes, how it is made, a code that its verdict must have, and words of the reason.

    `hidden`: blkid and wipefs both find nothing on it.
    """

    size: int
    make: Callable[[Path], None]
    code: str
    says: str
    hidden: bool = True


def fingerprint(path: Path) -> str:
    """Return a hash of all blocks of a sparse file that are not zero, and of where they are.

    Where its holes are says nothing: the file system below may fill or make one without a byte being changed.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        at, end = 0, os.fstat(file.fileno()).st_size
        while at < end:
            try:
                at = os.lseek(file.fileno(), at, os.SEEK_DATA) // BLOCK * BLOCK
            except OSError:  # only a hole is left
                break
            file.seek(at)
            data = file.read(MIB)
            for start in range(0, len(data), BLOCK) if data.strip(b"\0") else ():
                if block := data[start : start + BLOCK].rstrip(b"\0"):
                    digest.update(f"{at + start} {len(block)} ".encode() + block)
            at += len(data)
    return digest.hexdigest()


def write(path: Path, at: int, data: bytes) -> None:
    """Write at an offset; one from the end when it is negative."""
    with path.open("r+b") as file:
        file.seek(at, os.SEEK_SET if at >= 0 else os.SEEK_END)
        file.write(data)


def zero(path: Path, at: int, length: int) -> None:
    """Erase a part, as `dd if=/dev/zero` would."""
    write(path, at, bytes(length))


def noise(length: int, seed: int = 1) -> bytes:
    """Return bytes without any pattern: what encrypted data looks like."""
    return random.Random(seed).randbytes(length)  # noqa: S311 - the same bytes each time


def label(osd_uuid: str, fsid: str, number: int) -> bytes:
    """Return a BlueStore label as ceph-osd writes it (bluestore_bdev_label_t::encode), without its checksum."""

    def text(words: str) -> bytes:
        return struct.pack("<I", len(words)) + words.encode()

    meta = {"ceph_fsid": fsid, "magic": "ceph osd volume v026", "multi": "yes", "ready": "ready", "whoami": str(number)}
    body = uuid.UUID(osd_uuid).bytes + struct.pack("<QII", 4 * GIB, 0, 0) + text("main") + struct.pack("<I", len(meta))
    body += b"".join(text(name) + text(value) for name, value in meta.items())
    block = f"bluestore block device\n{osd_uuid}\n".encode() + struct.pack("<BBI", 2, 1, len(body)) + body
    return block.ljust(4096, b"\0")


def ext4(path: Path, *options: str) -> None:
    """Make a file system with the canary in it."""
    source = path.parent / f"{path.name}.files"
    source.mkdir(exist_ok=True)
    (source / "canary").write_bytes(CANARY)
    process.run(["mkfs.ext4", "-q", "-F", "-d", source, *options, path])


def _ext4_without_head(path: Path) -> None:
    ext4(path)
    zero(path, 0, MIB)


def _ext4_without_ends(path: Path) -> None:
    ext4(path)
    zero(path, 0, 16 * MIB)
    zero(path, -16 * MIB, 16 * MIB)


def _ext4_of_small_blocks(path: Path) -> None:
    ext4(path, "-b", "1024")
    zero(path, 0, 4096)


def _xfs_without_head(path: Path) -> None:
    process.run(["mkfs.xfs", "-q", "-f", path])
    zero(path, 0, 16 * MIB)


def _btrfs_without_head(path: Path) -> None:
    process.run(["mkfs.btrfs", "-q", "-f", path])
    zero(path, 0, 32 * MIB)


def _gpt_backup_only(path: Path) -> None:
    process.run(["sgdisk", "-n", "1:0:0", "-c", "1:photos", path])
    zero(path, 0, 34 * 512)


def _table_erased_over_a_file_system(path: Path) -> None:
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.truncate(64 * MIB)
    ext4(part)
    process.run(["sgdisk", "-n", "1:2048:0", path])
    data = part.read_bytes()
    write(path, MIB, data)
    part.unlink()
    process.run(["sgdisk", "--zap-all", path])


def _luks_intact(path: Path) -> None:
    words = ["cryptsetup", "luksFormat", "--batch-mode", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000"]
    process.run([*words, path, "-"], stdin="secret")


def _luks_without_first_header(path: Path) -> None:
    _luks_intact(path)
    zero(path, 0, 16 << 10)


def _swap(path: Path) -> None:
    process.run(["mkswap", path])


def _canary(at: int) -> Callable[[Path], None]:
    return lambda path: write(path, at, CANARY)


def _label_at(gib: int) -> Callable[[Path], None]:
    return lambda path: write(path, gib * GIB, label(OSD, FOREIGN, 7))


def _noise_in_the_middle(path: Path) -> None:
    write(path, 3 * GIB + 12345, noise(32 * MIB))


def _raid(at: int) -> Callable[[Path], None]:
    return lambda path: write(path, at, b"\xfc\x4e\x2b\xa9" + struct.pack("<I", 1) + noise(248))


def _zfs_at_the_end(path: Path) -> None:
    # An uberblock in the ring of the last label, as a pool has after its first label was erased.
    write(path, -(256 << 10) + (128 << 10) + 5 * 1024, struct.pack("<QQQ", 0x00BAB10C, 5000, 42))


def _lvm(path: Path) -> None:
    write(path, 512, b"LABELONE" + struct.pack("<Q", 1) + bytes(4) + struct.pack("<I", 32) + b"LVM2 001")


OSD = "11111111-2222-4333-8444-555555555555"
OURS = "5c8f4f0e-0000-4000-8000-00000000aaaa"
FOREIGN = "deadbeef-0000-4000-8000-00000000bbbb"
# In GB as sold: 16. Sizes that are a whole number of GB within the judge's tolerance.
SIZE = 15 * GIB
IMAGES = {
    "ext4": Image(SIZE, ext4, "signature", "ext4 (filesystem) at byte 1080", hidden=False),
    "ext4-without-its-first-mib": Image(
        SIZE, _ext4_without_head, "signature", f"ext4 (filesystem) at byte {128 * MIB}"
    ),
    "ext4-without-its-ends": Image(SIZE, _ext4_without_ends, "signature", f"ext4 (filesystem) at byte {128 * MIB}"),
    "ext4-with-small-blocks": Image(SIZE, _ext4_of_small_blocks, "signature", "ext4 (filesystem) at byte 8389632"),
    "xfs-without-its-first-16-mib": Image(
        SIZE, _xfs_without_head, "signature", f"xfs (filesystem) at byte {SIZE // 4}"
    ),
    "btrfs-copy-at-64-mib": Image(SIZE, _btrfs_without_head, "signature", f"btrfs (filesystem) at byte {64 * MIB}"),
    "gpt-backup-only": Image(
        SIZE, _gpt_backup_only, "partitions", f"partition table gpt at byte {SIZE - 512}", hidden=False
    ),
    "table-erased-over-ext4": Image(SIZE, _table_erased_over_a_file_system, "data", "unknown data at byte 10"),
    "luks": Image(SIZE, _luks_intact, "signature", "crypto_LUKS (crypto) at byte 0", hidden=False),
    "luks-second-header": Image(
        SIZE, _luks_without_first_header, "signature", "crypto_LUKS (crypto) at byte 16384", hidden=False
    ),
    "swap": Image(SIZE, _swap, "signature", "swap", hidden=False),
    "lvm": Image(SIZE, _lvm, "signature", "LVM2_member", hidden=False),
    "md-1.2": Image(SIZE, _raid(4096), "signature", "linux_raid_member (raid) at byte 4096"),
    "md-1.0-at-the-end": Image(SIZE, _raid(-8192), "signature", f"linux_raid_member (raid) at byte {SIZE - 8192}"),
    "md-0.90-at-the-end": Image(SIZE, _raid(-65536), "signature", f"linux_raid_member (raid) at byte {SIZE - 65536}"),
    "zfs-last-label": Image(
        SIZE, _zfs_at_the_end, "signature", f"zfs_member (filesystem) at byte {SIZE - (256 << 10)}"
    ),
    "osd-at-1-gib": Image(SIZE, _label_at(1), "osd_foreign", f"OSD 7 of cluster {FOREIGN} at byte {GIB}"),
    "osd-at-10-gib": Image(SIZE, _label_at(10), "osd_foreign", f"OSD 7 of cluster {FOREIGN} at byte {10 * GIB}"),
    "osd-at-100-gib": Image(101 * GIB, _label_at(100), "osd_foreign", f"at byte {100 * GIB}"),
    "osd-at-1000-gib": Image(1001 * GIB, _label_at(1000), "osd_foreign", f"at byte {1000 * GIB}"),
    "encrypted": Image(SIZE, lambda path: write(path, 0, noise(8 * MIB)), "data", "unknown data at byte 0"),
    "noise-in-the-middle": Image(SIZE, _noise_in_the_middle, "data", "unknown data at byte 32"),
    "one-canary-at-the-start": Image(SIZE, _canary(777), "data", "unknown data at byte 777"),
    "one-canary-at-16-mib": Image(SIZE, _canary(16 * MIB - 10), "data", f"unknown data at byte {16 * MIB - 10}"),
    "one-canary-at-the-end": Image(SIZE, _canary(-len(CANARY)), "data", f"data at byte {SIZE - len(CANARY)}"),
}
