"""A snapshot of etcd, proven and kept on the control machine, before a member is taken away."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from blackstart.rebuild.remove_node import neighbour
from blackstart.rebuild.view import RebuildStep, view
from blackstart.step import Play, Scope

if TYPE_CHECKING:
    from pathlib import Path

    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import Observed
    from blackstart.rebuild.view import View


def kept(state: Path) -> tuple[float, ...]:
    """Return when each proven snapshot below the state folder was taken, oldest first (role etcd_snapshot)."""
    names = sorted(file.stem for file in (state / "snapshots").glob("etcd-*.json") if file.with_suffix(".db").exists())
    return tuple(datetime.strptime(name, "etcd-%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp() for name in names)


class Snapshot(RebuildStep):
    """One snapshot of this rebuild."""

    name = "snapshot"
    title = "Snapshot of etcd, proven, on this machine"
    needs = ("preconditions",)
    scope = Scope.CLUSTER

    def why(self, desired: Cluster, seen: View) -> list[str]:  # noqa: ARG002 - the base class decides
        """Ask for one that is newer than the order, as long as the old node may still be a member."""
        if seen.renewed or (seen.order and any(int(seen.order.made) <= taken for taken in seen.snapshots)):
            return []
        return ["there is none since this rebuild was ordered"]

    def play(self, desired: Cluster, observed: Observed) -> Play:  # noqa: ARG002 - the base class decides
        """Take it on another member."""
        seen = view(observed)
        acting = neighbour(seen)
        variables = {"acting_node": acting, "etcd_snapshot_reason": f"before {seen.node} is rebuilt"}
        return Play("etcd_snapshot", (acting,), variables)


STEP = Snapshot()
