"""Somebody's data on a disk ends the run, in this role and with evidence, and is still there afterwards.

Two disks at a time: every reason of every disk is said at once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from blackstart.errors import Exit, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Disk

    from blackstart.engine.journal import Journal

FOREIGN = "0f0f0f0f-6f0f-4c7e-9b1a-0f8a4b1c2d3e"
GIB = 1 << 30
# mdadm is not on the node: the head of a version 1.2 superblock, 4 KiB into the disk (md(4)).
MD = (
    "import struct, sys; file = open(sys.argv[1], 'r+b'); file.seek(4096); "
    "file.write(struct.pack('<IIII16s', 0xa92b4efc, 1, 0, 0, bytes(range(16))).ljust(256, b'\\1'))"
)


class Case(NamedTuple):
    """What was done to a disk, and what must be said of it."""

    script: str
    said: str
    undo: str = ""


EXT4 = "mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 $DISK"
ZERO = "dd if=/dev/zero of=$DISK conv=notrunc status=none"
CASES = {
    "ext4": Case(EXT4, r"found ext4 .*at byte"),
    "ext4 whose first superblock is gone": Case(
        f"{EXT4}; {ZERO} bs=64K count=1", r"found (ext4|unknown data).* at byte"
    ),
    "md member": Case(f'python3 -c "{MD}" $DISK', r"found linux_raid_member .*at byte 4096"),
    "the second copy of a GPT alone": Case(
        f"sgdisk --new 1:0:0 $DISK >/dev/null; {ZERO} bs=1M count=1", r"found the partition table gpt at byte"
    ),
    "raw data deep in the disk": Case(
        "dd if=/dev/urandom of=$DISK bs=1M count=8 seek=2048 conv=notrunc status=none",
        r"found unknown data at byte 214\d+ ",
    ),
    "a BlueStore label at 1 GiB alone": Case("", rf"OSD 7 of cluster {FOREIGN} at byte {GIB}"),
    "swap": Case("mkswap $DISK >/dev/null", r"found swap .*at byte"),
    "mounted": Case(
        f"{EXT4}; mkdir -p /mnt/disk; mount -o ro,noload $DISK /mnt/disk", r"mounted at /mnt/disk", "umount /mnt/disk"
    ),
}
PAIRS = [("ext4", "ext4 whose first superblock is gone"), ("md member", "the second copy of a GPT alone"),
         ("raw data deep in the disk", "a BlueStore label at 1 GiB alone"), ("swap", "mounted")]  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS, ids=" + ".join)
def test_data_is_refused_and_left_alone(
    pair: tuple[str, str], disks: tuple[Disk, Disk], play: Callable[..., Journal]
) -> None:
    cases = [CASES[name] for name in pair]
    try:
        for name, case, disk in zip(pair, cases, disks, strict=True):
            if case.script:
                disk.run(case.script)
            else:
                assert "BlueStore" in name
                disk.label(GIB, FOREIGN, "7")
        before = [disk.content() for disk in disks]
        with pytest.raises(RefusedError) as caught:
            play()
        assert [disk.content() for disk in disks] == before
    finally:
        for case, disk in zip(cases, disks, strict=True):
            disk.run(case.undo or "true")
    assert caught.value.exit_code == Exit.REFUSED
    assert caught.value.message.startswith("melchior-1: ")
    _, first, second = re.split(r"^(?:melchior-1: )?(?=nvme-)", caught.value.message, flags=re.MULTILINE)
    for said, case, disk in zip((first, second), cases, disks, strict=True):
        assert said.startswith(f"{disk} (ceph) is refused:")
        assert re.search(case.said, said), said
