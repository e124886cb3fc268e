"""What each disk of a node is to us: usable, ours or refused, with every reason at once (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blackstart.disks.facts import DiskTable
    from blackstart.disks.verdict import Verdict
    from blackstart.model.cluster import Node


def judge(
    node: Node, table: DiskTable, *, fsid: str, live_osds: frozenset[str] = frozenset()
) -> tuple[Verdict, ...]:
    """Judge the disks that the inventory names (boot first), then all others.

    `fsid` is our Ceph cluster's (empty: not known), `live_osds` the UUIDs of OSDs known to be up, or their numbers in
    our cluster.
    """
    raise NotImplementedError
