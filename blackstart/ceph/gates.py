"""May this host's Ceph daemons stop? Every objection, with its evidence (pure).

`ceph osd ok-to-stop` is not asked: in 20.2.4 it says yes where I/O would stop, since it counts a placement group only
when the last OSD of its acting set is among those that stop. tests/ceph shows it on a real cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.ceph.facts import bucket

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from blackstart.ceph.facts import CephFacts, Osd, Pg

CLEAN = frozenset({"active", "clean"})
# A clean group may be checked or have snapshots trimmed meanwhile (ceph doc/rados/operations/pg-states.rst).
BUSY = frozenset({"scrubbing", "deep", "snaptrim", "snaptrim_wait"})
# What a group lacks while the host is away already, and nothing but that; or others serve it in its stead (remapped).
AWAY = frozenset({"undersized", "degraded", "remapped"})
# Flags that keep OSDs from coming back or data from being whole again; with nodown I/O waits for OSDs that are down.
HINDRANCES = frozenset({"nodown", "noup", "noin", "norecover", "nobackfill", "norebalance", "pauserd", "pausewr"})
_NAMED = 3  # of many placement groups with one trouble, so many are named


def objections(seen: CephFacts, node: str) -> tuple[str, ...]:
    """Say why a node's daemons must not stop now; empty when they may."""
    host = bucket(node)
    going = seen.of(host)
    # They do not run: stopping them changes nothing. So a rebuild that was cut off goes on.
    away = bool(going) and not any(osd.up for osd in going)
    return (
        *_flags(seen),
        *_others(seen, host),
        *_groups(seen, going, away=away),
        *_mons(seen, host),
        *_mgrs(seen, host),
    )


def notes(seen: CephFacts, node: str) -> tuple[str, ...]:
    """Say what is worth knowing and no objection."""
    host = bucket(node)
    stopping = {osd.id for osd in seen.of(host)}
    found = []
    for pool in seen.pools:
        last = [pg for pg in seen.pgs if pg.pool == pool.id and len(pg.acting - stopping) == 1 and pg.acting & stopping]
        if last and pool.size > 1:
            found.append(f"pool {pool.name} has one copy left of {_some(last)} while {node} is away")
    found += [
        f"{mark.host} is still marked as quiet for {mark.order or 'nobody'}: its noout is taken back by state `back`"
        for mark in seen.marks
        if mark.host != host
    ]
    return tuple(found)


def _flags(seen: CephFacts) -> Iterator[str]:
    for flag in sorted(seen.flags & HINDRANCES):
        name = "pause" if flag.startswith("pause") else flag
        yield f"the cluster's flag {flag} is set, so that it would hang or not get well; `ceph osd unset {name}` first"


def _others(seen: CephFacts, host: str) -> Iterator[str]:
    for osd in seen.osds:
        if host not in {osd.host, osd.bucket} and osd.into and not osd.up:
            yield f"{osd.title} is down; wanted: every OSD of the other hosts up. Bring it back, or take it out"


def _groups(seen: CephFacts, going: tuple[Osd, ...], *, away: bool) -> Iterator[str]:
    expected = sum(pool.pg_num for pool in seen.pools)
    if len(seen.pgs) != expected:
        yield (
            f"the manager knows {len(seen.pgs)} of {expected} placement groups; wanted: all. After it was started "
            "anew that takes some seconds: run the same command again"
        )
    stopping = {osd.id for osd in going}
    by_state: dict[str, list[Pg]] = {}
    for pg in seen.pgs:
        lost = pg.states - CLEAN - BUSY - (AWAY if away else frozenset())
        if lost or not (CLEAN - ({"clean"} if away else set())) <= pg.states:
            by_state.setdefault(pg.state, []).append(pg)
    for state, pgs in sorted(by_state.items()):
        yield f"{_some(pgs)} {'is' if len(pgs) == 1 else 'are'} {state}; wanted: active+clean. Wait until Ceph is done"
    yield from _short(seen, stopping)


def _short(seen: CephFacts, stopping: set[int]) -> Iterator[str]:
    """Yield one objection for each pool that would have placement groups without I/O, with the group that is worst."""
    for pool in seen.pools:
        short = [pg for pg in seen.pgs if pg.pool == pool.id and len(pg.acting - stopping) < pool.min_size]
        if short:
            worst = min(short, key=lambda pg: (len(pg.acting - stopping), pg.id))
            left = sorted(worst.acting - stopping)
            more = f", and so would {len(short) - 1} more of its groups" if len(short) > 1 else ""
            yield (
                f"placement group {worst.id} of pool {pool.name} would stop: it is on OSDs {_list(worst.acting)}, of "
                f"which {_list(left) or 'none'} would be left, and min_size is {pool.min_size} (size {pool.size}){more}"
            )
    unknown = [pg for pg in seen.pgs if seen.pool(pg.pool) is None]
    if unknown:
        yield f"{_some(unknown)} {'is' if len(unknown) == 1 else 'are'} of a pool that was made just now: look again"


def _mons(seen: CephFacts, host: str) -> Iterator[str]:
    wanted = len(seen.mons) // 2 + 1
    left = [mon.name for mon in seen.mons if mon.in_quorum and mon.host != host]
    if len(left) < wanted:
        out = [f"{mon.name} ({mon.host or 'never started'})" for mon in seen.mons if not mon.in_quorum]
        missing = f"; out of quorum: {', '.join(out)}" if out else ""
        yield (
            f"of {len(seen.mons)} monitors {len(left)} would be left in the quorum ({', '.join(left) or 'none'}), and "
            f"{wanted} must be{missing}. Bring the others back first"
        )


def _mgrs(seen: CephFacts, host: str) -> Iterator[str]:
    if not seen.active_mgr:
        yield "no manager is active, so that nobody knows how the placement groups are; start one first"
    elif not any(names for other, names in seen.mgrs.items() if other != host):
        yield f"the only manager ({seen.active_mgr}) runs on this host; wanted: one on another host, to take over"


def _some(pgs: list[Pg]) -> str:
    names = [pg.id for pg in pgs[:_NAMED]]
    if len(pgs) == 1:
        return f"placement group {names[0]}"
    return f"{len(pgs)} placement groups ({', '.join(names)}{', …' if len(pgs) > _NAMED else ''})"


def _list(values: Iterable[int]) -> str:
    return ", ".join(str(value) for value in sorted(values))
