"""The list of disks to write: which two keys open it, and what no key opens; and the lists for Rook."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest

from blackstart.disks import rook
from blackstart.disks.writes import Write, to_write, wishes
from blackstart.errors import RefusedError
from tests.support.disks.machines import MACHINES, edited, judged, node

A, B = "nvme-CT2000P310SSD8_252350935F8C", "nvme-CT2000P310SSD8_252350935FBF"
SERIAL = "252350935F8C"


def asked(machine: dict[str, Any], wish: str = SERIAL, yes: tuple[str, ...] = (SERIAL,)) -> tuple[Write, ...]:
    """Have the first Ceph disk wiped."""
    machine = copy.deepcopy(machine)
    machine["disks"]["ceph"][0]["wipe"] = wish
    return to_write(judged(machine).values(), wishes([node(machine)]), yes)


HOLDERS = ["foreign_osd", "half_wiped_gpt", "luks", "raw_data_in_the_middle", "own_osd_idle", "labels_of_two_osds"]


@pytest.mark.parametrize("name", HOLDERS)
def test_both_keys_write_the_named_disk_alone(name: str) -> None:
    (write,) = asked(MACHINES[name])
    assert (write.node, write.disk, write.serial, write.size_bytes) == ("melchior-1", A, SERIAL, 2000398934016)
    assert write.seen.name == "nvme1n1"
    assert asked(MACHINES[name], yes=()) == ()


def test_a_blank_disk_is_not_written() -> None:
    assert asked(MACHINES["blank"]) == ()


@pytest.mark.parametrize("name", ["own_osd_at_work", "foreign_osd_at_work", "lvm_osd_at_work"])
def test_an_osd_at_work_is_named_and_cannot_be_forced(name: str) -> None:
    with pytest.raises(
        RefusedError, match=r"at work as OSD \d of cluster [0-9a-f-]{36}.* no option forces it"
    ) as error:
        asked(MACHINES[name])
    assert "ceph osd out" in error.value.hint


def test_an_osd_that_the_cluster_calls_up_is_at_work() -> None:
    with pytest.raises(RefusedError, match="at work as OSD 3"):
        asked(edited(MACHINES["own_osd_idle"]))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("md_member", "held by md127"),
        ("swap", "in use as swap"),
        ("vanished_disk", "is not below /dev/disk/by-id"),
        ("unreadable_sector", "it is failing"),
        ("read_only_disk", "is read-only"),
        ("two_names_of_one_disk", "each disk once"),
        ("two_disks_with_one_serial", "both have the serial number"),
        ("size_differs", "found 1000.2 GB"),
        ("usb_enclosure", "found usb"),
        ("serial_typo", "found the serial number"),
        ("open_for_a_backup", "open by dd"),
    ],
)
def test_what_a_wipe_does_not_change_refuses_it(name: str, words: str) -> None:
    with pytest.raises(RefusedError, match=re.escape(words)) as error:
        asked(MACHINES[name])
    assert error.value.hint


def test_the_boot_disk_of_a_running_system_is_never_written() -> None:
    machine = copy.deepcopy(MACHINES["blank"])
    machine["disks"]["boot"]["wipe"] = "50026B7686E9A001"
    with pytest.raises(RefusedError, match="the running system is on it"):
        to_write(judged(machine).values(), wishes([node(machine)]), ["50026B7686E9A001"])


def test_a_wish_under_another_number_is_refused() -> None:
    with pytest.raises(RefusedError, match=f"with the serial number {SERIAL}, and `wipe` says OTHER"):
        asked(MACHINES["foreign_osd"], wish="OTHER", yes=("OTHER",))


def test_a_typo_on_the_command_line_is_told_the_nearest() -> None:
    with pytest.raises(RefusedError, match="no disk of the inventory has `wipe: 252350935F8G`") as error:
        asked(MACHINES["foreign_osd"], yes=("252350935F8G",))
    assert f"did you mean --yes-wipe {SERIAL}?" in error.value.hint


def test_one_number_for_two_disks_is_refused() -> None:
    machine = copy.deepcopy(MACHINES["foreign_osd"])
    machine["disks"]["ceph"][1]["wipe"] = SERIAL
    with pytest.raises(RefusedError, match="means more than one disk"):
        asked(machine)


def test_a_node_that_was_not_looked_at_is_refused() -> None:
    machine = MACHINES["foreign_osd"]
    with pytest.raises(RefusedError, match="was not looked at"):
        to_write(judged(machine).values(), {("casper-3", "nvme-X"): "X1"}, ["X1"])


def test_rook_is_given_stable_names_of_good_disks_only() -> None:
    verdicts = judged(MACHINES["foreign_osd"]).values()
    path = f"/dev/disk/by-id/{B}"
    assert rook.nodes(verdicts) == [{"name": "melchior-1", "devices": [{"name": path}]}]
    both = rook.filters(judged(MACHINES["blank"]).values())["melchior-1"]
    assert re.fullmatch(both, path)
    assert re.fullmatch(both, f"/dev/disk/by-id/{A}")
    assert not re.fullmatch(both, f"/dev/disk/by-id/{A}-part1")
