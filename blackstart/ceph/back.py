"""Is a host's Ceph back as it was? What is missing, and which noout flags are ours to undo (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.ceph.facts import bucket
from blackstart.ceph.gates import BUSY, CLEAN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blackstart.ceph.facts import CephFacts


def missing(seen: CephFacts, node: str) -> tuple[str, ...]:
    """Say what is not back yet: OSDs, placement groups, monitors. Empty when everything is.

    The OSDs that are wanted are those that our mark names, since those were up before; without a mark all of the
    host's that are in.
    """
    host = bucket(node)
    return (*_osds(seen, host), *_groups(seen), *_mons(seen))


def strangers(seen: CephFacts, node: str) -> tuple[str, ...]:
    """Say what will not come right by waiting: another cluster answers than the one that was made quiet."""
    mark = seen.mark(bucket(node))
    if mark is None or mark.fsid == seen.fsid:
        return ()
    text = (
        f"the Ceph that answers is {seen.fsid}, and the one that was made quiet is {mark.fsid}: wanted the same. Its "
        "disks were not taken over: look at `blackstart disks` and at Rook's operator before anything is written"
    )
    return (text,)


def notes(seen: CephFacts, node: str) -> tuple[str, ...]:
    """Name every noout that is left alone, since it was not us who set it."""
    host = bucket(node)
    mark = seen.mark(host)
    ours = mark.noout if mark else frozenset()
    found = []
    if "noout" in seen.flags:
        found.append("noout is set on the whole cluster, not by blackstart: it stays (`ceph osd unset noout`)")
    found += [
        f"noout is set on {other}, not by blackstart: it stays. Rook takes its own back by itself; a person's: "
        f"`ceph osd unset-group noout {other}`"
        for other in sorted(seen.host_noout)
    ]
    found += [
        f"noout is set on osd.{osd.id}, not by blackstart: it stays (`ceph osd unset-group noout osd.{osd.id}`)"
        for osd in seen.of(host)
        if osd.noout and osd.id not in ours
    ]
    return tuple(found)


def _osds(seen: CephFacts, host: str) -> Iterator[str]:
    mark = seen.mark(host)
    there = {osd.id: osd for osd in seen.osds}
    wanted = mark.osds if mark else {osd.id for osd in seen.of(host) if osd.into}
    for number in sorted(wanted):
        osd = there.get(number)
        if osd is None:
            yield f"osd.{number} is not in the cluster any more; wanted: the OSDs that {host} had, under their numbers"
        elif not osd.up:
            yield f"{osd.title} is down; wanted: up. Its pod and the disk with its label: `blackstart disks`"
        elif not osd.into:
            yield f"{osd.title} is out; wanted: in (`ceph osd in {number}`)"
        elif osd.host != host:
            yield f"osd.{number} is up on {osd.host}; wanted: on {host}"


def _groups(seen: CephFacts) -> Iterator[str]:
    expected = sum(pool.pg_num for pool in seen.pools)
    if len(seen.pgs) != expected:
        yield f"the manager knows {len(seen.pgs)} of {expected} placement groups"
    states: dict[str, int] = {}
    for pg in seen.pgs:
        if not CLEAN <= pg.states <= CLEAN | BUSY:
            states[pg.state] = states.get(pg.state, 0) + 1
    for state, count in sorted(states.items()):
        yield f"{count} of {len(seen.pgs)} placement groups {'is' if count == 1 else 'are'} {state}"


def _mons(seen: CephFacts) -> Iterator[str]:
    for mon in seen.mons:
        if not mon.in_quorum:
            yield f"monitor {mon.name} ({mon.host or 'never started'}) is not in the quorum"
