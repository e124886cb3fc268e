"""Practice disks for real: opened by their node alone, named by udev, pulled, put back, and gone with their set."""

from __future__ import annotations

import json
from contextlib import nullcontext
from ipaddress import IPv4Network
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from blackstart.engine import process
from blackstart.errors import RefusedError
from blackstart.lab import boot, disks, lifecycle, loops, machines, podman
from blackstart.lab.guard import RESERVED
from blackstart.lab.layout import Layout
from tests.support.lab import opening

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.lab

SET = Layout("disks-test", IPv4Network("10.77.18.0/24"), ("one", "two"))
ONE, TWO = SET.machines
BOOT, CEPH, SPARE = SET.disks["one"]
LSBLK = "lsblk --json --bytes --output NAME,SERIAL,MODEL,WWN,SIZE,TYPE"


@pytest.fixture(scope="module", autouse=True)
def _up() -> Iterator[None]:
    lifecycle.down(nullcontext, SET)
    lifecycle.up(nullcontext, SET)
    yield
    lifecycle.down(nullcontext, SET)


@pytest.fixture
def strange(tmp_path: Path) -> Path:
    """Return a sparse file of 16 MiB that is nobody's disk."""
    file = tmp_path / "strange"
    with file.open("wb") as stream:
        stream.truncate(16 << 20)
    return file


def numbers() -> dict[str, int]:
    """Return the loop device's number of each practice disk of the set, by serial."""
    ours = {number: Path(backing) for number, backing in loops.attached().items() if str(SET.state) in backing}
    return {backing.name: number for number, backing in ours.items()}


def named(node: str = "one") -> dict[str, dict[str, Any]]:
    """Return what lsblk says in a node of each name below /dev/disk/by-id there, after udev has come to rest."""
    script = f"udevadm settle; {LSBLK}; cd /dev/disk/by-id 2>/dev/null && for name in *; do readlink -e $name; done"
    printed = boot.run(SET, SET.machine(node), f"{script}; echo; ls")
    listed, end = json.JSONDecoder().raw_decode(printed)
    rows = {f"/dev/{row['name']}": row for row in listed["blockdevices"]}
    targets, _, names = printed[end:].strip().partition("\n\n")
    return {name: rows[target] for name, target in zip(names.split(), targets.split(), strict=True)}


def expected(node: str, *, but: str = "") -> dict[str, dict[str, Any]]:
    found = numbers()
    return {
        name: {
            "name": f"loop{found[disk.serial]}",
            "serial": disk.serial,
            "model": disk.model,
            "wwn": disk.wwn,
            "size": disk.size,
            "type": "loop",
        }
        for disk in SET.disks[node]
        if disk.id != but
        for name in (disk.id, f"nvme-{disk.wwn}")
    }


@pytest.mark.parametrize("node", SET.names)
def test_a_node_names_its_own_disks_and_no_other(node: str) -> None:
    assert named(node) == expected(node)
    own = {f"/dev/loop{numbers()[disk.serial]}" for disk in SET.disks[node]}
    there = boot.run(SET, SET.machine(node), "find /dev -type b; test -d /sys/block/loop0").split()
    assert set(there) == own


def test_a_node_opens_its_disks_and_nothing_of_this_machine(strange: Path) -> None:
    """Not a loop device below the reserved ones, nor a partition, even one that lies on a practice disk."""
    loop = process.run(["losetup", "--find", "--show", strange]).stdout.strip()
    disk = f"/dev/loop{numbers()[SPARE.serial]}"
    try:
        process.run(["addpart", disk, "1", "2048", "16384"])
        of_machine = opening.of_this_machine()
        opened = [number for number, result in opening.outside(of_machine).items() if result == "opened"]
        partition, small = (Path(f"/sys/class/block/{name}/dev") for name in (f"{disk[5:]}p1", loop[5:]))
        assert {partition.read_text().strip(), small.read_text().strip()} <= set(opened)
        assert opening.inside(SET, "one", of_machine) == dict.fromkeys(of_machine, "EPERM")
    finally:
        process.run(["delpart", disk, "1"], check=False)
        process.run(["losetup", "--detach", loop])
    own = [f"7:{numbers()[disk.serial]}" for disk in SET.disks["one"]]
    assert opening.inside(SET, "one", own) == dict.fromkeys(own, "opened")


def test_the_denial_has_no_gap_while_it_is_applied_again() -> None:
    look = """
import os, stat
machine = [word for word in os.environ["NUMBERS"].split()]
opened, looks = set(), 0
for number in machine:
    major, minor = map(int, number.split(":"))
    os.mknod(f"/root/{number}", 0o600 | stat.S_IFBLK, os.makedev(major, minor))
while looks < 1000 or not os.path.exists("/run/enough"):
    for number in machine:
        try:
            os.close(os.open(f"/root/{number}", os.O_RDONLY))
            opened.add(number)
        except PermissionError:
            pass
        looks += 1
    open("/run/looking", "w").close()
print(sorted(opened))
"""
    words = ["env", f"NUMBERS={' '.join(opening.of_this_machine())}", "python3", "-c", look]
    said: list[str] = []
    watcher = Thread(target=lambda: said.append(machines.execute("one", words, layout=SET)))
    watcher.start()
    machines.execute("one", ["timeout", "60", "sh", "-c", "until test -e /run/looking; do sleep .1; done"], layout=SET)
    for _ in range(6):
        podman.local().guard.apply()
    machines.execute("one", ["touch", "/run/enough"], layout=SET)
    watcher.join(timeout=60)
    assert [line.strip() for line in said] == ["[]"]


@pytest.mark.parametrize("cut", [False, True], ids=["shut-down", "plug-pulled"])
def test_a_power_cycle_keeps_names_and_data(*, cut: bool) -> None:
    device = f"/dev/disk/by-id/{CEPH.id}"
    boot.run(SET, ONE, f"echo kept | dd of={device} conv=fsync bs=512 seek=2048 status=none")
    machines.power_off("one", layout=SET, cut=cut)
    machines.power_on("one", layout=SET)
    assert named() == expected("one")
    assert boot.run(SET, ONE, f"dd if={device} bs=512 skip=2048 count=1 status=none | head -c 4") == "kept"


def test_a_disk_is_pulled_and_put_back() -> None:
    device = f"/dev/disk/by-id/{CEPH.id}"
    boot.run(SET, ONE, f"mkfs.ext4 -q -L mine {device}")
    before = numbers()[CEPH.serial]
    disks.pull("one", CEPH.id, layout=SET)
    disks.pull("one", CEPH.id, layout=SET)
    assert named() == expected("one", but=CEPH.id)
    assert boot.run(SET, ONE, f"ls -d /sys/block/loop{before} /dev/loop{before} 2>/dev/null || true") == ""
    disks.put_back("one", CEPH.id, layout=SET)
    disks.put_back("one", CEPH.id, layout=SET)
    assert named() == expected("one")
    assert boot.run(SET, ONE, f"lsblk --nodeps --noheadings --output LABEL {device}").strip() == "mine"


def test_a_disk_in_use_is_not_pulled_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loops, "_LEAVE_SECONDS", 0.2)
    boot.run(SET, ONE, f"mkfs.ext4 -q -F /dev/disk/by-id/{CEPH.id} && mount /dev/disk/by-id/{CEPH.id} /mnt")
    with pytest.raises(RefusedError, match="held open"):
        disks.pull("one", CEPH.id, layout=SET)
    boot.run(SET, ONE, "umount /mnt; udevadm settle")
    disks.put_back("one", CEPH.id, layout=SET)
    assert named() == expected("one")


def test_disks_that_are_half_there_are_made_whole() -> None:
    """One detached, one whose file was made and not filled, one whose file is gone while it is attached."""
    machines.power_off("two", layout=SET, cut=True)
    first, second, third = SET.disks["two"]
    loops.detach(numbers()[first.serial])
    loops.detach(numbers()[second.serial])
    disks.file(SET, second).write_bytes(b"")
    disks.file(SET, third).unlink()
    assert lifecycle.up(nullcontext, SET) == ["two"]
    assert named("two") == expected("two")
    assert not [backing for backing in loops.attached().values() if backing.endswith("(deleted)")]
    files = [disks.file(SET, disk).stat() for disk in SET.disks["two"]]
    assert [file.st_size for file in files] == [disk.size for disk in SET.disks["two"]]
    assert sum(file.st_blocks for file in files) * 512 < 1 << 20, "blank disks are sparse files"


def test_a_reserved_loop_of_somebody_else_is_refused(strange: Path) -> None:
    process.run(["losetup", "--read-only", f"/dev/loop{RESERVED[-1]}", strange])
    try:
        with pytest.raises(RefusedError) as refused:
            disks.ensure(SET)
    finally:
        loops.detach(RESERVED[-1])
    assert f"loop{RESERVED[-1]} is {strange}" in str(refused.value)


def test_a_disk_of_another_size_is_refused() -> None:
    file = disks.file(SET, SPARE)
    with file.open("r+b") as stream:
        stream.truncate(SPARE.size - 512)
    with pytest.raises(RefusedError, match=f"has {SPARE.size - 512} bytes, wanted {SPARE.size}"):
        disks.ensure(SET)
    with file.open("r+b") as stream:
        stream.truncate(SPARE.size)


def test_down_takes_the_disks_away() -> None:
    """Also with a partition that was added to one by hand, and when the files are gone already."""
    disk = f"/dev/loop{numbers()[SPARE.serial]}"
    process.run(["addpart", disk, "1", "2048", "16384"])
    taken = set(numbers().values())
    disks.file(SET, BOOT).unlink()
    lifecycle.down(nullcontext, SET)
    assert not [backing for backing in loops.attached().values() if str(SET.state) in backing]
    left = {Path(entry).name for entry in Path("/sys/class/block").iterdir()}
    assert not {name for number in taken for name in left if name in {f"loop{number}", f"loop{number}p1"}}
    assert list(SET.state.iterdir()) == []
