"""Ceph around a rebuild: made ready to lose a host for a while, and awaited whole again before the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from blackstart.phases.base import Play
from blackstart.rebuild.remove_node import neighbour, remains

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster
    from blackstart.rebuild.base import Seen, Works

_CLUSTERS = "cephclusters.ceph.rook.io"  # where Rook never was, there is no Ceph to ask


def _play(works: Works, seen: Seen, state: Literal["quiet", "back"]) -> None:
    acting = neighbour(seen)
    variables = {
        "acting_node": acting,
        "ceph_quiet_node": works.node,
        "ceph_quiet_state": state,
        "ceph_quiet_order": seen.order.id if seen.order else "",
    }
    works.play(Play("ceph_quiet", (acting,), variables))


class Quiet:
    """Every placement group can do without the OSDs of the node, which are not to be replaced meanwhile."""

    name = "ceph_quiet"
    title = "Ceph can do without the node's OSDs and waits for them"
    once = True

    def reasons(self, desired: Cluster, seen: Seen) -> list[str]:
        """Ask while the old node is in a cluster that has Ceph; the role itself sees whether anything is to be done."""
        if seen.renewed or _CLUSTERS not in seen.observed.api.crds or not remains(desired, seen):
            return []
        return ["there may be a Ceph with OSDs on it"]

    def apply(self, works: Works, seen: Seen) -> None:
        """Judge, mark, set."""
        _play(works, seen, "quiet")


class Back:
    """The same OSDs are up on the same fsid, everything is active+clean; then what was set is taken back."""

    name = "ceph_back"
    title = "Ceph is whole again, with the OSDs that were there"
    once = True

    def reasons(self, desired: Cluster, seen: Seen) -> list[str]:  # noqa: ARG002 - the Protocol's signature
        """Ask when the new node is there."""
        return ["its OSDs are awaited"] if seen.renewed and _CLUSTERS in seen.observed.api.crds else []

    def apply(self, works: Works, seen: Seen) -> None:
        """Wait, then take back."""
        _play(works, seen, "back")


QUIET, BACK = Quiet(), Back()
