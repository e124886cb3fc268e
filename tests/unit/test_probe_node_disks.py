"""The look at disks on a made-up node: its /sys, /dev, /run and /proc are folders, and its disks are sparse files."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from blackstart.disks import sampling
from blackstart.disks.facts import Blank, DiskFacts, DiskTable, parse
from blackstart.node.disks import blankness, bluestore, reader, survey
from tests.support.disks import images

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 4 * images.GIB
A = "nvme-MAKER_A1"


class Machine:
    """A root folder with disks in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("proc/self/mountinfo", "")
        self.write("proc/swaps", "Filename Type Size Used Priority\n")
        for folder in ("sys/block", "dev/disk/by-id", "run/udev/data"):
            (root / folder).mkdir(parents=True)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def disk(self, name: str, *, number: str = "259:0", size: int = SIZE, link: str = A, **files: str) -> Path:
        """Add a disk; files are in its folder of /sys, "__" for "/"."""
        files = {"dev": number, "size": str(size // 512), "removable": "0", "ro": "0", **files}
        for file, text in files.items():
            self.write(f"sys/block/{name}/{file.replace('__', '/')}", f"{text}\n")
        image = self.root / "dev" / name
        with image.open("wb") as stream:
            stream.truncate(size)
        if link:
            (self.root / "dev/disk/by-id" / link).symlink_to(f"../../{name}")
        return image

    def partition(self, disk: str, name: str, number: str, start: int = 2048) -> None:
        for file, text in {"dev": number, "partition": "1", "start": str(start)}.items():
            self.write(f"sys/block/{disk}/{name}/{file}", f"{text}\n")

    def look(self, *named: str, full: bool = False) -> DiskTable:
        request: dict[str, Any] = {"named": named or (A,), "full": full, "seed": "1", "root": str(self.root)}
        return parse(survey.main(request))

    def one(self, *named: str, full: bool = False) -> DiskFacts:
        (disk,) = self.look(*named, full=full).disks
        return disk


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_an_nvme_disk_says_who_it_is(machine: Machine) -> None:
    said: dict[str, Any] = {
        "device__serial": "A1   ",
        "device__model": "MAKER 2TB  ",
        "wwid": "eui.01",
        "queue__rotational": "0",
    }
    machine.disk("nvme0n1", **said)
    disk = machine.one()
    assert (disk.serial, disk.model, disk.wwn, disk.transport) == ("A1", "MAKER 2TB", "eui.01", "nvme")
    assert (disk.size_bytes, disk.by_id, disk.path, disk.devno) == (SIZE, (A,), "/dev/nvme0n1", "259:0")
    assert disk.blank.proven


def test_a_sata_disk_is_asked_by_its_vital_product_data_or_udev(machine: Machine) -> None:
    machine.disk("sda", number="8:0", device__vpd_pg80="\0\x7f\0\x08 WD-1234")
    assert machine.one().serial == "WD-1234"
    machine.write("run/udev/data/b8:0", "S:disk/by-id/ata-WD\nS:disk/by-path/x\nE:ID_SERIAL_SHORT=W9\nE:ID_BUS=ata\n")
    disk = machine.one()
    assert (disk.serial, disk.transport, disk.by_id) == ("W9", "sata", ("ata-WD", A))


def test_a_name_that_udev_gives_two_disks_is_in_both(machine: Machine) -> None:
    machine.disk("nvme0n1")
    machine.disk("nvme1n1", number="259:1", link="")
    machine.write("run/udev/data/b259:1", f"S:disk/by-id/{A}\n")
    table = machine.look()
    assert [disk.by_id for disk in table.disks] == [(A,), (A,)]
    assert table.links == {A: "nvme0n1"}
    assert all(disk.blank.looked for disk in table.disks)  # both are named


def test_it_says_in_which_machine_the_disks_are(machine: Machine) -> None:
    assert machine.look().board_serial == ""
    machine.write("sys/class/dmi/id/board_serial", "B9241A00001\n")
    assert machine.look().board_serial == "B9241A00001"


def test_what_is_no_disk_is_left_out(machine: Machine) -> None:
    machine.disk("nvme0n1")
    for name in ("dm-0", "md127", "zram0", "sr0", "loop3"):
        machine.disk(name, link="")
    machine.disk("nvme1c1n1", link="", hidden="1")
    machine.disk("sdc", link="", size=0)
    machine.disk("loop4", link="", loop__backing_file="/somewhere")
    assert [disk.name for disk in machine.look().disks] == ["loop4", "nvme0n1"]
    assert [disk.name for disk in machine.look("loop3").disks] == ["loop3", "loop4", "nvme0n1"]


def test_a_disk_that_is_not_named_is_not_read(machine: Machine) -> None:
    images.write(machine.disk("nvme0n1"), 4096, images.CANARY)
    disk = machine.one("nvme-OTHER")
    assert (disk.blank.looked, disk.blank.read_bytes, disk.blank.why) == (False, 0, "it is not named")


MOUNTS = """\
21 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw
22 1 0:44 /sub /a\\040place rw - btrfs /dev/nvme0n1p1 rw
23 1 0:5 / /proc rw - proc proc rw
"""


def test_mounts_swap_and_holders_of_a_disk_and_its_partitions(machine: Machine) -> None:
    machine.disk("nvme0n1")
    machine.partition("nvme0n1", "nvme0n1p1", "259:1")
    machine.partition("nvme0n1", "nvme0n1p2", "259:2")
    machine.partition("nvme0n1", "nvme0n1p3", "259:3")
    machine.write("proc/self/mountinfo", MOUNTS)
    machine.write("proc/swaps", "Filename Type\n/dev/nvme0n1p3 partition 8 0 -2\n")
    machine.write("sys/block/nvme0n1/nvme0n1p3/holders/dm-0", "")
    machine.write("sys/block/dm-0/dm/name", "vg-root\n")
    machine.write("sys/block/dm-0/dm/uuid", "LVM-abcdef\n")
    disk = machine.one()
    assert [use.text(disk.name) for use in disk.uses] == [
        "partition nvme0n1p1 is mounted at /a place",
        "partition nvme0n1p2 is mounted at /",
        "partition nvme0n1p3 is in use as swap",
        "partition nvme0n1p3 is held by dm-0 (LVM vg-root)",
    ]
    assert disk.runs_the_system
    assert (disk.blank.looked, disk.blank.why) == (False, "it is in use")


def test_a_root_on_lvm_on_luks_is_the_systems(machine: Machine) -> None:
    machine.disk("nvme0n1")
    machine.partition("nvme0n1", "nvme0n1p2", "259:2")
    machine.write("sys/block/nvme0n1/nvme0n1p2/holders/dm-0", "")
    machine.write("sys/block/dm-0/dev", "253:0\n")
    machine.write("sys/block/dm-0/holders/dm-1", "")
    machine.write("sys/block/dm-1/dev", "253:1\n")
    machine.write("proc/self/mountinfo", "21 1 253:1 / / rw shared:1 - ext4 /dev/mapper/vg-root rw\n")
    disk = machine.one()
    assert disk.runs_the_system
    assert disk.uses[-1].text(disk.name) == "partition nvme0n1p2 is mounted at / (through dm-1)"


def test_a_program_that_fails_found_nothing_out(
    machine: Machine, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.disk("nvme0n1")
    programs = tmp_path_factory.mktemp("bin")
    (programs / "wipefs").write_text("#!/bin/sh\necho wipefs: unknown option >&2; exit 1\n")
    (programs / "wipefs").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    blank = machine.one().blank
    assert (blank.looked, blank.why) == (False, "wipefs ended with status 1: wipefs: unknown option")


def test_a_file_that_cannot_be_opened_proves_nothing(machine: Machine) -> None:
    machine.disk("nvme0n1").unlink()
    disk = machine.one()
    assert not disk.blank.looked
    assert "/dev/nvme0n1 cannot be opened: No such file" in disk.blank.why


OF_PYTHON = sorted({"lvm", "md-1.2", "md-1.0-at-the-end", "md-0.90-at-the-end", "zfs-last-label", "osd-at-1-gib"})


@pytest.mark.parametrize("name", [*OF_PYTHON, "encrypted", "one-canary-at-the-start", "one-canary-at-the-end"])
def test_somebodys_data_is_seen(machine: Machine, name: str) -> None:
    image = machine.disk("nvme0n1", size=images.SIZE)
    images.IMAGES[name].make(image)
    before = images.fingerprint(image)
    disk = machine.one()
    assert disk.signatures or disk.bluestore or disk.blank.nonzero_at is not None
    assert not disk.blank.proven
    assert images.fingerprint(image) == before


def test_a_partition_may_hold_an_osd(machine: Machine) -> None:
    image = machine.disk("nvme0n1")
    machine.partition("nvme0n1", "nvme0n1p1", "259:1", start=4096)
    images.write(image, 4096 * 512, images.label(images.OSD, images.OURS, 5))
    assert [(osd.how, osd.osd_id, osd.offset) for osd in machine.one().bluestore] == [("partition", "5", 2097152)]


def test_a_label_is_read_as_far_as_it_makes_sense() -> None:
    whole = images.label(images.OSD, images.OURS, 12)
    read = bluestore.label(0, whole)
    assert read == {
        "offset": 0,
        "osd_uuid": images.OSD,
        "ceph_fsid": images.OURS,
        "osd_id": "12",
        "how": "bluestore",
    }
    for length in (23, 40, 60, 66, 104, 130):  # torn anywhere it is still a label
        torn = bluestore.label(0, whole[:length].ljust(4096, b"\xff"))
        assert torn is not None
        assert torn["ceph_fsid"] == ""
    assert bluestore.label(0, b"bluestore block devicE\n" + bytes(4073)) is None


def test_all_is_read_when_asked_for(machine: Machine) -> None:
    image = machine.disk("nvme0n1")
    images.write(image, 3 * images.GIB + 77, b"x")
    disk = machine.one(full=True)
    assert (disk.blank.full, disk.blank.nonzero_at) == (True, 3 * images.GIB + 77)


def test_a_small_disk_is_read_whole(machine: Machine) -> None:
    machine.disk("nvme0n1", size=64 * images.MIB)
    assert machine.one().blank == Blank(looked=True, full=True, read_bytes=64 * images.MIB)


def test_samples_lie_one_in_each_part_and_move_with_the_seed() -> None:
    size, count = 2000398934016, 4096
    first = [at for at, length in blankness.places(size, (), count, "1") if length == blankness.SAMPLE]
    other = [at for at, length in blankness.places(size, (), count, "2") if length == blankness.SAMPLE]
    assert len(first) == count
    assert first != other
    length = (size - 2 * blankness.END) / count
    for part, at in enumerate(first):
        assert part == pytest.approx((at - blankness.END) / length, abs=1.01)
        assert at % reader.ALIGNMENT == 0
    assert max(b - a for a, b in pairwise(first)) <= 2 * (length + reader.ALIGNMENT)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 1.0])
def test_data_is_missed_no_more_often_than_is_said(share: float) -> None:
    """Data in one piece at many places, and samples of many seeds, against the bound of sampling.py."""
    size, count = 64 * images.GIB, 64
    blank = Blank(looked=True, samples=count, sample_bytes=blankness.SAMPLE)
    disk = DiskFacts("sda", "/dev/sda", "8:0", size, blank=blank)
    data = int(share * 2 * sampling.part(disk))
    missed = tried = 0
    for seed in range(60):
        samples = [at for at, length in blankness.places(size, (), count, str(seed)) if length == blankness.SAMPLE]
        for step in range(40):
            begin = blankness.END + (size - 2 * blankness.END - data) * step // 40
            tried += 1
            missed += not any(at + blankness.SAMPLE > begin and at < begin + data for at in samples)
    assert missed / tried <= sampling.missed(disk, data) + 0.03
    assert sampling.missed(disk, data) == pytest.approx((1 - share) ** 2, abs=1e-6)


def test_the_disk_is_only_ever_opened_for_reading(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.disk("nvme0n1")
    flags: list[int] = []
    real = os.open

    def spy(path: Any, how: int, *rest: Any, **named: Any) -> int:
        if str(path).endswith("/nvme0n1"):
            flags.append(how)
        return real(path, how, *rest, **named)

    monkeypatch.setattr(os, "open", spy)
    machine.one()
    assert flags
    assert all(how & os.O_ACCMODE == os.O_RDONLY for how in flags)
