"""What arch_install decides without a machine: which disk may go, what pacman's words mean, the firmware's order."""

from __future__ import annotations

import fcntl
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from blackstart.disks.erase import require_erasable
from blackstart.disks.facts import Blank, DiskFacts, DiskTable, Osd, Signature, Use
from blackstart.errors import RefusedError
from blackstart.model import cluster
from blackstart.model.cluster import Disks, Node
from blackstart.node.command import Ended
from blackstart.node.install import boot_disk, firmware, live, packages

BLANK = Blank(looked=True, full=True, read_bytes=12_000_000_000)
EXT4 = Signature("ext4", "filesystem", 0x438)
GPT = Signature("gpt", "partition-table", 512)
OSD = Osd(10 << 30, "3f1c8a9e-4b4b-4f0e-8d8d-0d6a5a9b7c11", "6a1b0c5e-6f0f-4c7e-9b1a-0f8a4b1c2d3e", "4")
EFIBOOTMGR = """\
BootCurrent: 0003
Timeout: 0 seconds
BootOrder: 0007,0001,0003,0000
Boot0000* UiApp\tFvVol(7cb8bdc9)/FvFile(462caa21)
Boot0001* UEFI QEMU NVMe Ctrl BOOT0001 1\tPciRoot(0x0)/Pci(0x3,0x0)/NVMe(0x1,00-00)
Boot0003* UEFI PXEv4 (MAC:525400771501)\tPciRoot(0x0)/Pci(0x2,0x0)/MAC(525400771501,1)/IPv4(0.0.0.0,0,DHCP)
Boot0007* Arch Linux (blackstart)\tHD(1,GPT,aa)/\\EFI\\systemd\\systemd-bootx64.efi
"""


def node(**changes: Any) -> Node:
    wanted = {"id": "nvme-B1", "size_gb": 12, "serial": "B1", "transport": "nvme", **changes}
    return Node.of_disks("casper-3", Disks(boot=cluster.Disk(**wanted)))


def table(**changes: Any) -> DiskTable:
    there = DiskFacts(
        "nvme2n1", "/dev/nvme2n1", "259:0", 12_000_000_000, ("nvme-B1",), "B1", transport="nvme", blank=BLANK
    )
    return DiskTable((replace(there, **changes),), {"nvme-B1": "nvme2n1"})


def test_a_blank_disk_needs_no_confirmation() -> None:
    assert require_erasable(node(), table(), serial="").path == "/dev/nvme2n1"


@pytest.mark.parametrize(
    "holds",
    [
        {"signatures": (GPT, EXT4)},
        {"blank": replace(BLANK, nonzero_at=5)},
    ],
    ids=["an old system", "data that nobody knows"],
)
def test_what_a_disk_holds_goes_only_when_its_serial_is_confirmed(holds: dict[str, Any]) -> None:
    assert require_erasable(node(), table(**holds), serial="B1").serial == "B1"
    for serial in ("", "B2"):
        with pytest.raises(RefusedError, match="nothing was written"):
            require_erasable(node(), table(**holds), serial=serial)


@pytest.mark.parametrize(
    ("found", "says"),
    [
        ({"bluestore": (OSD,)}, "OSD 4 of cluster"),
        ({"bluestore": (OSD,), "uses": (Use("open", "nvme2n1", "ceph-osd (process 7)"),)}, "OSD 4 of cluster"),
        ({"uses": (Use("mount", "nvme2n1p2", "/srv"),)}, "mounted at /srv"),
        ({"uses": (Use("mount", "nvme2n1p2", "/"),)}, "the running system is on"),
        ({"uses": (Use("holder", "nvme2n1p2", "dm-0", "LVM vg-root"),)}, "held by dm-0"),
        ({"uses": (Use("claim", "nvme2n1"),)}, "claimed by the kernel"),
        ({"size_bytes": 13_000_000_000}, "found 13.0 GB"),
        ({"transport": "usb"}, "found usb"),
        ({"read_only": True}, "read-only"),
        ({"removable": True}, "removable"),
        ({"serial": ""}, "no serial number"),
        ({"blank": replace(BLANK, error_at=4096)}, "it is failing"),
    ],
)
def test_no_confirmation_covers_another_disk_one_in_use_or_an_osd(found: dict[str, Any], says: str) -> None:
    with pytest.raises(RefusedError) as caught:
        require_erasable(node(), table(**found), serial="B1")
    assert says in caught.value.message


def test_a_missing_disk_and_one_that_is_not_filled_in_are_refused() -> None:
    with pytest.raises(RefusedError, match="wanted: a disk"):
        require_erasable(node(id="nvme-B9"), table(), serial="B1")
    with pytest.raises(RefusedError, match="placeholder"):
        require_erasable(node(id="CHANGE-ME"), table(), serial="B1")


def test_the_boot_disk_that_is_a_ceph_disk_as_well_is_refused() -> None:
    twice = node()
    both = Disks(boot=twice.disks.boot, ceph=(cluster.Disk(id="nvme-B1", size_gb=12),))
    with pytest.raises(RefusedError, match="each disk once"):
        require_erasable(Node.of_disks("casper-3", both), table(), serial="B1")


@pytest.mark.parametrize(
    ("said", "words", "refused"),
    [
        (
            "error: openssh: missing required signature\nerror: failed to commit transaction",
            "not signed by a key",
            True,
        ),
        ('error: base: signature from "X" is unknown trust', "not signed by a key", True),
        ("error: required key missing from keyring", "not signed by a key", True),
        ("error: failed retrieving file 'a.zst.sig' from h:1 : The URL returned error: 404", "not signed", True),
        ("error: failed retrieving file 'a.zst.sig' from h:1 : Connection timed out", "cannot be reached", False),
        ("error: failed retrieving file 'core.db' from 10.0.0.1:9", "cannot be reached", False),
        ("error: target not found: amd-ucode", "lacks what is to be installed", False),
        ("error: Partition / too full: 9 blocks needed", "could not be fetched", False),
    ],
)
def test_what_pacman_says_is_put_in_words(said: str, words: str, refused: bool) -> None:  # noqa: FBT001 - a case's value
    text, is_refusal = packages.explain(Ended(1, "", said))
    assert words in text
    assert said.splitlines()[0] in text
    assert is_refusal is refused


def test_only_what_is_in_memory_is_installed() -> None:
    printed = "base file:///run/b.pkg.tar.zst\nlinux http://10.0.0.1/core/l.pkg.tar.zst\nwarning: no such thing\n"
    assert packages.listed(printed) == (
        {"base": "/run/b.pkg.tar.zst"},
        ["linux"],
    )


def test_our_entry_comes_first_or_right_behind_the_network_that_booted_us() -> None:
    boot = firmware.parse(EFIBOOTMGR)
    assert firmware.labelled(boot, "Arch Linux (blackstart)") == ["0007"]
    assert firmware.wanted(boot, "0007") == ["0003", "0007", "0001", "0000"]
    assert firmware.wanted(boot._replace(current="0001"), "0007") == ["0007", "0001", "0003", "0000"]
    assert firmware.wanted(firmware.parse("BootOrder: 0001\n"), "0007") == ["0007", "0001"]


def test_a_disk_is_looked_at_once_more_before_the_write() -> None:
    listed = {"blockdevices": [{"type": "disk", "serial": "B1", "size": 12}]}
    assert boot_disk.wrong(listed, "B1", 12) == []
    assert [text.split(" is ")[0] for text in boot_disk.wrong(listed, "B2", 13)] == ["its serial number", "its size"]
    assert boot_disk.missing(listed) != []
    esp, root = {"name": "nvme0n1p1", "parttype": boot_disk.ESP}, {"name": "nvme0n1p2", "parttype": boot_disk.ROOT}
    for children in ([esp, root], [root, esp]):
        assert boot_disk.missing({"blockdevices": [{"children": children}]}) == []
    assert boot_disk.missing({"blockdevices": [{"children": [esp]}]}) != []


def test_udev_finds_the_disk_locked_while_it_is_written(tmp_path: Any) -> None:
    path = tmp_path / "disk"
    path.touch()
    disk = boot_disk.BootDisk(SimpleNamespace(params={"disk": str(path)}))
    with path.open() as udev:
        with disk.locked(), pytest.raises(BlockingIOError):
            fcntl.flock(udev, fcntl.LOCK_SH | fcntl.LOCK_NB)
        fcntl.flock(udev, fcntl.LOCK_SH | fcntl.LOCK_NB)


def test_a_mark_that_is_none_says_nothing(tmp_path: Any) -> None:
    for text in ("", "{", "[1]"):
        (tmp_path / "mark").write_text(text)
        assert live.mark(tmp_path / "mark") == {}
    assert live.mark(tmp_path / "none") == {}
    assert live.mounted("/dev/a / ext4 rw 0 0\n/dev/b /mnt ext4 rw 0 0\n", "/mnt")
    assert not live.mounted("/dev/b /mnt/boot vfat rw 0 0\n", "/mnt")
