"""A disk is wiped when inventory and command line both name it, and then it alone; never under a live OSD."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from blackstart.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Disk
    from testinfra.host import Host

    from blackstart.engine.journal import Journal

OURS = "6a1b0c5e-6f0f-4c7e-9b1a-0f8a4b1c2d3e"
GIB = 1 << 30
FULL_OF_OLD_THINGS = "mkfs.ext4 -q -F $DISK; sgdisk --new 1:0:0 $DISK >/dev/null"


@pytest.fixture(autouse=True)
def _filled(first: Disk, second: Disk) -> None:
    """Fill the first disk with what wipefs would leave behind, and make the second an OSD of our own."""
    first.run(FULL_OF_OLD_THINGS)
    first.label(GIB, "0f0f0f0f-6f0f-4c7e-9b1a-0f8a4b1c2d3e", "7")
    second.label(0, OURS, "4")
    second.label(GIB, OURS, "4")


@pytest.mark.parametrize(
    ("wipe", "confirmed"), [("MELCHIOR1B", []), ("", ["MELCHIOR1B"])], ids=["inventory alone", "command line alone"]
)
def test_one_of_the_two_is_not_enough(
    wipe: str, confirmed: list[str], disks: tuple[Disk, Disk], named: Callable[..., Any], play: Callable[..., Journal]
) -> None:
    before = [disk.content() for disk in disks]
    with pytest.raises(RefusedError, match=r"MELCHIOR1B \(ceph\) is refused") as caught:
        play(disks=named(wipe=wipe), disk_guard_confirmed=confirmed, storage_ceph_fsid=OURS)
    assert [disk.content() for disk in disks] == before
    missing = "--yes-wipe MELCHIOR1B" if wipe else "`wipe: MELCHIOR1B`"
    assert missing in caught.value.message


def test_with_both_it_is_cleared_and_nothing_else_is(
    host: Host, first: Disk, second: Disk, named: Callable[..., Any], play: Callable[..., Journal]
) -> None:
    before = second.content()
    journal = play(disks=named(wipe=first.serial), disk_guard_confirmed=[first.serial], storage_ceph_fsid=OURS)
    assert first.empty()
    assert second.content() == before
    assert host.run(f"blkid --probe {first.path}").rc == 2, "blkid finds something"
    found = json.loads(host.file("/var/lib/blackstart/disks.json").content_string)["disks"]
    assert [disk["state"] for disk in found] == ["usable", "ours"]
    assert f"OSD 4 of cluster {OURS}" in found[1]["said"]
    events = [json.loads(line) for line in (journal.folder / "journal.jsonl").read_text().splitlines()]
    assert f"melchior-1: {first} was wiped and is blank" in [event.get("text") for event in events]


def test_a_live_osd_cannot_be_forced(
    first: Disk, second: Disk, named: Callable[..., Any], play: Callable[..., Journal]
) -> None:
    first.blank()
    first.label(0, OURS, "5")
    before = [first.content(), second.content()]
    with first.at_work(), pytest.raises(RefusedError, match=f"OSD 5 of cluster {OURS}.* no option forces it"):
        play(disks=named(wipe=first.serial), disk_guard_confirmed=[first.serial], storage_ceph_fsid=OURS)
    assert [first.content(), second.content()] == before
