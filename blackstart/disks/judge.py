"""What each disk of a node is to us: usable, ours or refused, with every reason at once (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.disks import contents, identity
from blackstart.disks.verdict import Code, Reason, Role, State, Verdict

if TYPE_CHECKING:
    from blackstart.disks.facts import DiskFacts, DiskTable
    from blackstart.model import cluster
    from blackstart.model.cluster import Node


def judge(node: Node, table: DiskTable, *, fsid: str, live_osds: frozenset[str] = frozenset()) -> tuple[Verdict, ...]:
    """Judge the disks that the inventory names (boot first), then all others.

    `fsid` is our Ceph cluster's (empty: not known), `live_osds` the UUIDs of OSDs known to be up, or their numbers in
    our cluster.
    """
    wanted = [(Role.BOOT, node.disks.boot), *((Role.CEPH, disk) for disk in node.disks.ceph)]
    found = [identity.find(disk.id, table) for _, disk in wanted]
    names = [seen.name for seen in found if seen]
    verdicts = []
    for (role, disk), seen in zip(wanted, found, strict=True):
        twice = seen is not None and names.count(seen.name) > 1
        verdicts.append(_named(node, role, disk, table, contents.Ours(fsid, live_osds), twice=twice))
    others = [disk for disk in table.disks if disk.name not in names]
    return (*verdicts, *(_unnamed(node, disk, table, contents.Ours(fsid, live_osds)) for disk in others))


def _named(
    node: Node, role: Role, wanted: cluster.Disk, table: DiskTable, ours: contents.Ours, *, twice: bool
) -> Verdict:
    name, seen = identity.plain(wanted.id), identity.find(wanted.id, table)
    file = f"host_vars/{node.name}.yml"
    reasons = [*identity.reasons(node, wanted, table)]
    if seen is None:
        return Verdict(node.name, name, role, State.REFUSED, tuple(reasons))
    if twice:
        reasons.append(
            Reason(
                Code.NAMED_TWICE,
                f"{name} and another name in the inventory are both {seen.path}; wanted: each disk once",
                f"on {node.name}: ls -l /dev/disk/by-id, then take one of the two names out of {file}",
            )
        )
    osd, live = contents.osd(seen), contents.live(seen, ours)
    if role is Role.BOOT and seen.runs_the_system:
        # The system that runs is on it: what it holds and who uses it is as it should be.
        state = State.REFUSED if reasons else State.OURS
        return Verdict(node.name, name, role, state, tuple(reasons), seen, osd, live)
    reasons += contents.reasons(node, role, name, seen, ours)
    state = State.REFUSED if reasons else State.OURS if osd else State.USABLE
    return Verdict(node.name, name, role, state, tuple(reasons), seen, osd, live)


def _unnamed(node: Node, seen: DiskFacts, table: DiskTable, ours: contents.Ours) -> Verdict:
    # A name that leads to another disk, or that the inventory uses, would stand for two disks.
    name = next((link for link in seen.by_id if table.links.get(link) == seen.name), seen.name)
    reason = Reason(
        Code.NOT_NAMED,
        f"the inventory does not name {seen.path}{_what(seen)}",
        f"leave it alone; or, if it is to be used, name it by its id in host_vars/{node.name}.yml",
    )
    osd, live = contents.osd(seen), contents.live(seen, ours)
    return Verdict(node.name, name, Role.UNNAMED, State.REFUSED, (reason,), seen, osd, live)


def _what(seen: DiskFacts) -> str:
    found = [use.text(seen.name) for use in seen.uses]
    found += [str(osd) for osd in seen.bluestore[:1]]
    found += [f"{mark.kind} at byte {mark.offset}" for mark in seen.signatures]
    return f": {', '.join(found[:4])}" if found else ""
