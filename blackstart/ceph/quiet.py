"""What is to be done to make a host quiet and to undo that, so that an interrupted call can be repeated (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from blackstart.ceph.facts import QuietMark, bucket

if TYPE_CHECKING:
    from blackstart.ceph.facts import CephFacts


@dataclass(frozen=True, slots=True)
class Quiet:
    """The mark to write (None: it is there), OSDs to set noout on, the manager to fail over, the host's monitors."""

    mark: QuietMark | None
    noout: frozenset[int]
    fail: str
    mons: tuple[str, ...]


def quiet(seen: CephFacts, node: str, order: str) -> Quiet:
    """Plan a host's quiet. What an earlier call marked stays marked; a noout that was there before is not ours."""
    host = bucket(node)
    old = seen.mark(host)
    into = {osd.id: osd for osd in seen.of(host) if osd.into}
    unset = frozenset(osd.id for osd in into.values() if not osd.noout)
    mark = QuietMark(
        host,
        order or (old.order if old else ""),
        seen.fsid,
        frozenset(into) | (old.osds if old else frozenset()),
        unset | (old.noout if old else frozenset()),
    )
    return Quiet(
        None if mark == old else mark,
        unset,
        seen.active_mgr if seen.active_mgr in seen.mgrs.get(host, ()) else "",
        mons(seen, node),
    )


def mons(seen: CephFacts, node: str) -> tuple[str, ...]:
    """Return the names of a host's monitors."""
    return tuple(mon.name for mon in seen.mons if mon.host == bucket(node))


def idle(seen: CephFacts, node: str) -> bool:
    """Tell whether Ceph has nothing on a node: no OSD, no monitor, no manager, and no mark of ours."""
    host = bucket(node)
    return not (seen.of(host) or mons(seen, node) or seen.mgrs.get(host) or seen.mark(host))


def ours(seen: CephFacts, node: str) -> frozenset[int]:
    """Return the OSDs whose noout is ours and is still set."""
    mark = seen.mark(bucket(node))
    return frozenset(osd.id for osd in seen.osds if osd.noout) & (mark.noout if mark else frozenset())


def unknown(seen: CephFacts, node: str) -> str:
    """Say that Ceph knows no OSD of a node that has some; empty when it knows one."""
    host = bucket(node)
    if seen.of(host) or seen.mark(host):
        return ""
    hosts = sorted({osd.bucket or osd.host for osd in seen.osds} - {""})
    return (
        f"Ceph knows no OSD of {node}; it knows those of {', '.join(hosts) or 'nobody'}. Wanted: the host's name as "
        "`ceph node ls` has it; for a node without any, ceph_quiet_has_osds: false"
    )
