"""Ceph around a rebuild: made ready to lose a host for a while, and awaited whole again before the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from blackstart.rebuild.remove_node import neighbour, remains
from blackstart.rebuild.view import RebuildStep, view
from blackstart.step import Look, Play, Scope

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import Observed
    from blackstart.rebuild.view import View

_CLUSTERS = "cephclusters.ceph.rook.io"  # where Rook never was, there is no Ceph to ask


class CephStep(RebuildStep):
    """Role ceph_quiet; the role alone sees whether anything is left to do, so it is applied once in each run."""

    scope = Scope.CLUSTER
    attempts = 1
    state: Literal["quiet", "back"]

    def play(self, desired: Cluster, observed: Observed) -> Play:  # noqa: ARG002 - the base class decides
        """Act from another control plane."""
        seen = view(observed)
        acting = neighbour(seen)
        variables = {
            "acting_node": acting,
            "ceph_quiet_node": seen.node,
            "ceph_quiet_state": self.state,
            "ceph_quiet_order": seen.order.id if seen.order else "",
        }
        return Play("ceph_quiet", (acting,), variables)

    def gate(self, desired: Cluster, observed: Observed) -> Look:  # noqa: ARG002 - the base class decides
        """Say nothing: the role has waited."""
        return Look(open=True, seen="its role saw to it")


class Quiet(CephStep):
    """Every placement group can do without the OSDs of the node, which are not to be replaced meanwhile."""

    name = "ceph_quiet"
    title = "Ceph can do without the node's OSDs and waits for them"
    needs = ("preconditions",)
    state = "quiet"

    def why(self, desired: Cluster, seen: View) -> list[str]:
        """Ask while the old node is in a cluster that has Ceph; the role itself sees whether anything is to be done."""
        if seen.renewed or _CLUSTERS not in seen.api.crds or not remains(desired, seen):
            return []
        return ["a Ceph cluster may have OSDs on it"]


class Back(CephStep):
    """The same OSDs are up on the same fsid, everything is active+clean; then what was set is taken back."""

    name = "ceph_back"
    title = "Ceph is whole again, with the OSDs that were there"
    needs = ("install", "members", "cilium")
    state = "back"

    def why(self, desired: Cluster, seen: View) -> list[str]:  # noqa: ARG002 - the base class decides
        """Ask when the new node is there."""
        return ["its OSDs have to come back"] if seen.renewed and _CLUSTERS in seen.api.crds else []


QUIET, BACK = Quiet(), Back()
