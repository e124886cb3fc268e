"""Ceph as it was seen, as frozen dataclasses; built out of what node/ceph.py returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

# What stands for a missing OSD in a set of an erasure-coded pool (ceph src/crush/crush.h, CRUSH_ITEM_NONE).
NONE = 0x7FFFFFFF


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool: with fewer than `min_size` copies of a placement group its I/O stops."""

    id: int
    name: str
    size: int
    min_size: int
    pg_num: int


@dataclass(frozen=True, slots=True)
class Pg:
    """A placement group: `state` as Ceph writes it ("active+clean"), `acting` the OSDs that serve it now."""

    id: str
    state: str
    acting: frozenset[int]

    @property
    def pool(self) -> int:
        """The id of its pool."""
        return int(self.id.partition(".")[0])

    @property
    def states(self) -> frozenset[str]:
        """The parts of its state."""
        return frozenset(self.state.split("+"))


@dataclass(frozen=True, slots=True)
class Osd:
    """An OSD: `host` is where it runs or ran last, `bucket` its host in the CRUSH map, `noout` the flag on it alone."""

    id: int
    host: str
    bucket: str
    up: bool
    into: bool
    noout: bool

    @property
    def title(self) -> str:
        """Its name and its host, for messages."""
        return f"osd.{self.id} on {self.host or self.bucket or 'no host'}"


@dataclass(frozen=True, slots=True)
class Mon:
    """A monitor of the monitor map; its host is empty when it never started."""

    name: str
    host: str
    in_quorum: bool


@dataclass(frozen=True, slots=True)
class QuietMark:
    """What we wrote into Ceph when we made a host quiet: for which order, and what is to be undone.

    `osds` were up and are to come back; `noout` are those of them whose noout flag is ours.
    """

    host: str
    order: str
    fsid: str
    osds: frozenset[int]
    noout: frozenset[int]


@dataclass(frozen=True, slots=True)
class CephFacts:
    """One look. `flags` are the cluster's, `host_noout` the CRUSH buckets with noout; `mgrs` are names by host."""

    fsid: str
    osds: tuple[Osd, ...]
    pools: tuple[Pool, ...]
    pgs: tuple[Pg, ...]
    mons: tuple[Mon, ...]
    mgrs: Mapping[str, tuple[str, ...]]
    active_mgr: str
    flags: frozenset[str] = frozenset()
    host_noout: frozenset[str] = frozenset()
    marks: tuple[QuietMark, ...] = ()

    def of(self, host: str) -> tuple[Osd, ...]:
        """Return a host's OSDs: those that run or ran there, and those that the CRUSH map has there."""
        return tuple(osd for osd in self.osds if host in {osd.host, osd.bucket})

    def pool(self, number: int) -> Pool | None:
        """Return a pool by its id; None when it is not known, as one that was made just now."""
        return next((pool for pool in self.pools if pool.id == number), None)

    def mark(self, host: str) -> QuietMark | None:
        """Return our mark of a host."""
        return next((mark for mark in self.marks if mark.host == host), None)


def bucket(node: str) -> str:
    """Return a node's name as Rook writes it into the CRUSH map (pkg/daemon/ceph/client/crush.go)."""
    return node.replace(".", "-")


def parse(answer: Mapping[str, Any]) -> CephFacts:
    """Build the look from a node's answer; KeyError, TypeError or ValueError when it is of another shape.

    Which host a daemon is on, it says itself; in a pod that is its node (Rook sets POD_NAME and NODE_NAME for that).
    """
    ran = {number: bucket(host) for host, numbers in answer["nodes"]["osd"].items() for number in numbers}
    placed = {number: host for host, numbers in answer["buckets"].items() for number in numbers}
    homes = {name: bucket(host) for host, names in answer["nodes"]["mon"].items() for name in names}
    return CephFacts(
        fsid=answer["fsid"],
        osds=tuple(_osd(entry, ran, placed) for entry in answer["osds"]),
        pools=tuple(Pool(**entry) for entry in answer["pools"]),
        pgs=tuple(_pg(*entry) for entry in answer["pgs"]),
        mons=tuple(Mon(name, homes.get(name, ""), name in answer["quorum"]) for name in answer["mons"]),
        mgrs={bucket(host): tuple(names) for host, names in answer["nodes"]["mgr"].items()},
        active_mgr=answer["active_mgr"],
        flags=frozenset(answer["flags"]),
        host_noout=frozenset(answer["host_noout"]),
        marks=tuple(_mark(host, entry) for host, entry in answer["marks"].items()),
    )


def _osd(entry: Mapping[str, Any], ran: Mapping[int, str], placed: Mapping[int, str]) -> Osd:
    number = int(entry["id"])
    return Osd(
        number, ran.get(number, ""), placed.get(number, ""), bool(entry["up"]), bool(entry["in"]), bool(entry["noout"])
    )


def _pg(name: str, state: str, acting: list[int]) -> Pg:
    return Pg(name, state, frozenset(osd for osd in acting if 0 <= osd != NONE))


def _mark(host: str, entry: Mapping[str, Any]) -> QuietMark:
    return QuietMark(host, str(entry["order"]), str(entry["fsid"]), frozenset(entry["osds"]), frozenset(entry["noout"]))


def document(mark: QuietMark) -> dict[str, Any]:
    """Return a mark as it is kept in Ceph, under its host's name."""
    return {"order": mark.order, "fsid": mark.fsid, "osds": sorted(mark.osds), "noout": sorted(mark.noout)}
