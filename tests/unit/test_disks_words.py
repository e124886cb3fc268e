"""What a person reads about a disk: the nearest name and number, what was found where, and the next command."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from blackstart.disks.verdict import Code
from tests.support.disks.machines import MACHINES, judged

A = "nvme-CT2000P310SSD8_252350935F8C"


def said(name: str, code: Code, disk: str = A) -> str:
    reason = next(reason for reason in judged(MACHINES[name])[disk].reasons if reason.code is code)
    return f"{reason.text} -> {reason.hint}"


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        (
            "boot_disk_in_another_machine",
            Code.BOARD,
            ["B9241A00003, wanted B9241A00001", "grep -r B9241A00003 host_vars"],
        ),
        ("serial_typo", Code.SERIAL, ["found the serial number 252350935F8C", "did you mean 252350935F8C", "nvme1n1"]),
        ("osd_label_only_at_10_gib", Code.OSD_FOREIGN, ["OSD 7 of cluster deadbeef", "byte 10737418240", "5c8f4f0e"]),
        ("half_wiped_gpt", Code.PARTITIONS, ["partition table gpt at byte 2000398933504", "wipefs -n", "--yes-wipe"]),
        ("size_differs", Code.SIZE, ["found 1000.2 GB", "wanted 2000 GB"]),
        ("usb_enclosure", Code.TRANSPORT, ["found usb", "wanted nvme"]),
        ("unreadable_sector", Code.UNREADABLE, ["byte 2000390545408", "smartctl"]),
        ("raw_data_in_the_middle", Code.DATA, ["unknown data at byte 75", "GiB into it", "wipe: 252350935F8C"]),
        ("vanished_disk", Code.MISSING, ["is not below /dev/disk/by-id", "journalctl"]),
        ("md_member", Code.HELD, ["held by md127", "mdadm --stop /dev/md127"]),
        ("lvm_volume_group_of_somebody", Code.HELD, ["held by dm-3", "data-photos", "vgchange"]),
        ("swap", Code.SWAP, ["swapoff /dev/nvme1n1"]),
        ("open_for_a_backup", Code.OPEN, ["open by dd (process 99)", "fuser"]),
        ("osd_with_no_fsid_in_the_inventory", Code.OSD_UNKNOWN, ["does not say", "storage_ceph_fsid: 5c8f4f0e"]),
        ("ext4_whose_first_superblock_is_gone", Code.SIGNATURE, ["ext4 (filesystem) at byte 134217728", "more places"]),
    ],
)
def test_a_reason_says_what_was_found_where_and_what_to_do(name: str, code: Code, words: list[str]) -> None:
    text = said(name, code)
    assert all(word in text for word in words), text


def test_a_disk_that_went_elsewhere_is_found_by_its_serial_number() -> None:
    machine: dict[str, Any] = copy.deepcopy(MACHINES["blank"])
    machine["disks"]["ceph"][0]["id"] = "nvme-OLD_NAME"
    reason = judged(machine)["nvme-OLD_NAME"].reasons[0]
    assert (reason.code, f"serial number 252350935F8C is here as {A}" in reason.hint) == (Code.MISSING, True)


def test_a_placeholder_is_told_the_running_systems_disk() -> None:
    text = said("boot_disk_still_to_be_filled_in", Code.PLACEHOLDER, "CHANGE-ME-boot-disk-of-melchior-1")
    assert "the running system is on nvme0n1: write nvme-KINGSTON_SNV2S1000G_50026B7686E9A001" in text


def test_an_unnamed_disk_is_told_by_what_is_on_it() -> None:
    disk = "usb-SanDisk_Ultra_4C530001230607118452-0:0"
    assert "the inventory does not name /dev/sda: swap at byte 4086" in said("usb_stick_first", Code.NOT_NAMED, disk)
