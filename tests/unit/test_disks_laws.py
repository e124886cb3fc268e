"""The one law of disks, over machines that hypothesis makes up: what is not named is never written.

Neither is a disk that holds anything which the desired state and the command line do not both name by its serial
number, nor one that anybody uses. The pools are small, so that names, numbers and links collide often.
"""

from __future__ import annotations

import random
from contextlib import suppress
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from blackstart.disks.facts import parse
from blackstart.disks.judge import judge
from blackstart.disks.verdict import Role, State
from blackstart.disks.writes import to_write, wishes
from blackstart.errors import RefusedError
from blackstart.model import cluster

if TYPE_CHECKING:
    from blackstart.disks.facts import DiskTable
    from blackstart.disks.verdict import Verdict
    from blackstart.disks.writes import Write

OURS, ANOTHER = "5c8f4f0e-0000-4000-8000-00000000aaaa", "deadbeef-0000-4000-8000-00000000bbbb"
UNREAD = {"looked": False, "why": "it is in use"}
EXT4 = {"kind": "ext4", "usage": "filesystem", "offset": 1080}


class Machines(NamedTuple):
    """Nodes as the inventory has them, what each says of its disks, and what the command line says."""

    nodes: tuple[cluster.Node, ...]
    tables: tuple[DiskTable, ...]
    fsid: str
    live: frozenset[str]
    yes: tuple[str, ...]

    def judged(self) -> list[Verdict]:
        pairs = zip(self.nodes, self.tables, strict=True)
        return [v for node, table in pairs for v in judge(node, table, fsid=self.fsid, live_osds=self.live)]

    def written(self, verdicts: list[Verdict]) -> list[Write]:
        """Return what would be written in a run for each serial number, and in one for all."""
        found: list[Write] = []
        for yes in (*((serial,) for serial in self.yes), self.yes):
            with suppress(RefusedError):
                found += to_write(verdicts, wishes(self.nodes), yes)
        return found


def osd(uuid: str, fsid: str, offset: int = 0, how: str = "bluestore") -> dict[str, Any]:
    return {"offset": offset, "osd_uuid": uuid, "ceph_fsid": fsid, "osd_id": "3", "how": how}


def use(kind: str, what: str = "") -> dict[str, Any]:
    return {"kind": kind, "on": "sda", "what": what, "detail": ""}


def disk(node: str, number: int) -> dict[str, Any]:
    """Return a disk that holds data and may be erased: named, alone under its name and number, used by nobody."""
    name, serial = f"sd{'abc'[number]}", f"{node}{number}"
    return {
        "name": name,
        "path": f"/dev/{name}",
        "devno": f"8:{number}",
        "by_id": [f"ata-{serial}"],
        "serial": serial,
        "transport": "sata",
        "size_bytes": 2000 * 10**9,
        "uses": [],
        "signatures": [],
        "bluestore": [],
        "blank": {"looked": True, "nonzero_at": 512},
    }


def wish(node: str, number: int) -> dict[str, Any]:
    serial = f"{node}{number}"
    return {"id": f"ata-{serial}", "size_gb": 2000, "serial": serial, "wipe": serial}


# What a disk of a node may be instead; small pools, so that names, numbers and links collide.
OF_A_DISK: dict[str, tuple[Any, ...]] = {
    "serial": ("", "a0", "a1", "b0", "typo"),
    "by_id": (["ata-a0"], ["ata-a1", "ata-a0"], [], ["ata-b1"], ["ata-a0", "ata-b0"]),
    "size_bytes": (1000 * 10**9, 2048 * 10**9),
    "transport": ("usb", "nvme", ""),
    "removable": (True,),
    "read_only": (True,),
    "uses": (
        [use("mount", "/")],
        [use("mount", "/data")],
        [use("holder", "dm-0")],
        [use("open", "ceph-osd")],
        [use("claim")],
    ),
    "signatures": ([EXT4], [{**EXT4, "kind": "gpt", "usage": "partition-table"}], [{**EXT4, "kind": "LVM2_member"}]),
    "bluestore": (
        [osd("u1", OURS)],
        [osd("u2", ANOTHER)],
        [osd("", "", 1 << 30)],
        [osd("u1", OURS), osd("u2", ANOTHER, 1 << 30)],
        [osd("", OURS, how="luks")],
    ),
    "blank": (
        {"looked": True},
        {"looked": True, "error_at": 4096},
        {"looked": True, "error_at": 4096, "nonzero_at": 512},
        UNREAD,
    ),
}
OF_A_WISH: dict[str, tuple[Any, ...]] = {
    "id": ("ata-a0", "ata-b1", "CHANGE-ME", "ata-nowhere", "sda"),
    "serial": ("", "a0", "b1"),
    "wipe": ("", "a0", "b1", "typo"),
    "size_gb": (1000, 2050),
    "transport": ("nvme", "sata"),
}
OF_ALL: dict[str, tuple[Any, ...]] = {
    "fsid": ("", ANOTHER),
    "live": (["u1"], ["u2"], ["3"]),
    "yes": ([], ["a0"], ["a0", "typo"], ["b1", "b1"]),
}
BOARDS = ("BOARD-x", "BOARD-a", "BOARD-b", "")  # the last: firmware says none
LINKS = ("sda", "sdb", "dm-0", "gone")
KINDS = (
    *(("disk", field) for field in OF_A_DISK),
    *(("wish", field) for field in OF_A_WISH),
    *(("all", field) for field in OF_ALL),
    ("link", ""),
    ("board", ""),
    ("absent", ""),
)
Trouble = tuple[tuple[str, str], int, int, int]


def made_of(troubles: list[Trouble]) -> Machines:
    """Return two nodes of three disks that may all be erased, with these troubles."""
    raw: dict[str, list[dict[str, Any]]] = {node: [disk(node, number) for number in range(3)] for node in "ab"}
    inventory = {node: [wish(node, number) for number in range(3)] for node in "ab"}
    moved: dict[str, dict[str, str]] = {"a": {}, "b": {}}
    everything: dict[str, Any] = {"fsid": OURS, "live": [], "yes": [f"{node}{n}" for node in "ab" for n in range(3)]}
    boards = {node: f"BOARD-{node}" for node in "ab"}
    absent = set()
    for (what, field), which, number, value in troubles:
        node = "ab"[which]
        if what == "disk":
            raw[node][number][field] = OF_A_DISK[field][value % len(OF_A_DISK[field])]
        elif what == "wish":
            inventory[node][number][field] = OF_A_WISH[field][value % len(OF_A_WISH[field])]
        elif what == "all":
            everything[field] = OF_ALL[field][value % len(OF_ALL[field])]
        elif what == "link":
            moved[node][f"ata-{node}{number}"] = LINKS[value % len(LINKS)]
        elif what == "board":
            boards[node] = BOARDS[value % len(BOARDS)]
        else:
            absent.add((node, number))
    tables = []
    for node, disks in raw.items():
        there = [entry for number, entry in enumerate(disks) if (node, number) not in absent]
        right = {link: entry["name"] for entry in there for link in entry["by_id"]}
        tables.append(parse({"disks": there, "links": {**right, **moved[node]}, "board_serial": boards[node]}))
    nodes = tuple(_node(name, wanted) for name, wanted in inventory.items())
    live, yes = frozenset(everything["live"]), tuple(everything["yes"])
    return Machines(nodes, tuple(tables), everything["fsid"], live, yes)


def _node(name: str, wanted: list[dict[str, Any]]) -> cluster.Node:
    first, *others = (cluster.Disk(**fields) for fields in wanted)
    disks = cluster.Disks(boot=first, ceph=tuple(others))
    nic = cluster.Nic(name="lan0")
    made = cluster.Node(name=name, ansible_host=IPv4Address("192.0.2.1"), disks=disks, nic_lan=nic, ram_gib=8)
    return made.model_copy(update={"board_serial": f"BOARD-{name}"})


TROUBLES = some.lists(
    some.tuples(some.sampled_from(KINDS), some.integers(0, 1), some.integers(0, 2), some.integers(0, 4)), max_size=6
)


def hold(made: Machines) -> None:
    """Check the laws on some machines."""
    verdicts = made.judged()
    for verdict in verdicts:
        _a_verdict_is_true(verdict, made)
    for write in made.written(verdicts):
        _a_write_is_wished_for(write, made)
    # Either key alone opens nothing.
    assert to_write(verdicts, wishes(made.nodes), ()) == ()


def _a_verdict_is_true(verdict: Verdict, made: Machines) -> None:
    seen = verdict.seen
    assert bool(verdict.reasons) == (verdict.state is State.REFUSED)
    if verdict.role is Role.UNNAMED or seen is None:
        assert verdict.state is State.REFUSED
    elif verdict.state is State.USABLE:
        assert (seen.uses, seen.signatures, seen.bluestore) == ((), (), ())
        assert (seen.read_only, seen.removable) == (False, False)
        assert seen.blank.looked
        assert seen.blank.nonzero_at is None
        assert seen.blank.error_at is None
    elif verdict.state is State.OURS and not seen.runs_the_system:
        assert seen.bluestore
        assert made.fsid
        assert {label.ceph_fsid for label in seen.bluestore} == {made.fsid}


def _a_write_is_wished_for(write: Write, made: Machines) -> None:
    node = next(node for node in made.nodes if node.name == write.node)
    table = made.tables[made.nodes.index(node)]
    assert table.board_serial in {"", node.board_serial}
    named = [disk for disk in (node.disks.boot, *node.disks.ceph) if disk.id == write.disk]
    assert len(named) == 1
    wish, seen = named[0], write.seen
    # It is the disk that is named, and no other one can be meant by that name or number.
    assert table.disk(table.links[write.disk]) == seen
    assert [disk.name for disk in table.disks if write.disk in disk.by_id and disk != seen] == []
    assert [disk.name for disk in table.disks if disk.serial == seen.serial and disk != seen] == []
    assert write.serial == seen.serial == wish.wipe != ""
    assert seen.serial in made.yes
    assert wish.serial in {"", seen.serial}
    # Nobody uses it, and no OSD on it is at work.
    assert seen.uses == ()
    assert not seen.read_only
    for label in seen.bluestore:
        assert label.osd_uuid == "" or label.osd_uuid not in made.live
        assert not (label.ceph_fsid == made.fsid and label.osd_id in made.live)
    # A wipe would help: something is on it, and it does not fail.
    assert seen.blank.error_at is None
    assert seen.signatures or seen.bluestore or seen.blank.nonzero_at is not None


QUICK = settings(max_examples=300, deadline=None, database=None, derandomize=True)


@QUICK
@given(TROUBLES)
def test_what_is_not_named_is_never_written(troubles: list[Trouble]) -> None:
    hold(made_of(troubles))


@pytest.mark.slow
def test_what_is_not_named_is_never_written_on_ten_thousand_machines() -> None:
    """Other machines each time, by plain chance: hypothesis takes longer to make one up than the laws to judge it."""
    chance = random.Random()  # noqa: S311 - no secret
    for _ in range(10_000):
        many = range(chance.randint(1, 6))
        troubles = [
            (chance.choice(KINDS), chance.randint(0, 1), chance.randint(0, 2), chance.randint(0, 4)) for _ in many
        ]
        try:
            hold(made_of(troubles))
        except Exception as error:
            error.add_note(f"on {troubles}")
            raise


def writes(made: Machines) -> list[Write]:
    return made.written(made.judged())


def test_without_trouble_every_disk_is_written() -> None:
    """A law that nothing comes near to breaking would prove nothing."""
    made = made_of([])
    assert len(writes(made)) == 2 * 6


# What a disk holds, a wipe clears; whose OSD it is, and that one is at work, matters where there is one.
NO_OBSTACLES = {("disk", "signatures"), ("disk", "bluestore"), ("all", "fsid"), ("all", "live")}


@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_each_trouble_takes_a_disk_off_the_list(kind: tuple[str, str]) -> None:
    counts = {len(writes(made_of([(kind, which, 1, value)]))) for which in (0, 1) for value in range(5)}
    assert (min(counts) < 2 * 6) is (kind not in NO_OBSTACLES)


@pytest.mark.parametrize("live", range(3))
def test_an_osd_that_is_up_takes_its_disk_off_the_list(live: int) -> None:
    labels = {0: 0, 1: 1, 2: 0}[live]  # u1 is ours, u2 another cluster's, and 3 is the number of ours
    made = made_of([(("disk", "bluestore"), 0, 1, labels), (("all", "live"), 0, 0, live)])
    assert "a1" not in {write.serial for write in writes(made)}
