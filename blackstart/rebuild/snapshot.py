"""A snapshot of etcd, proven and kept on the control machine, before a member is taken away."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from blackstart.phases.base import Play
from blackstart.rebuild.remove_node import neighbour

if TYPE_CHECKING:
    from pathlib import Path

    from blackstart.model.cluster import Cluster
    from blackstart.rebuild.base import Seen, Works


def kept(state: Path) -> tuple[float, ...]:
    """Return when each proven snapshot below the state folder was taken, oldest first (role etcd_snapshot)."""
    names = sorted(file.stem for file in (state / "snapshots").glob("etcd-*.json") if file.with_suffix(".db").exists())
    return tuple(datetime.strptime(name, "etcd-%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp() for name in names)


class Snapshot:
    """One snapshot of this rebuild."""

    name = "snapshot"
    title = "Snapshot of etcd, proven, on this machine"
    once = False

    def reasons(self, desired: Cluster, seen: Seen) -> list[str]:  # noqa: ARG002 - the Protocol's signature
        """Ask for one that is newer than the order, as long as the old node may still be a member."""
        if seen.renewed or (seen.order and any(int(seen.order.made) <= taken for taken in seen.snapshots)):
            return []
        return ["there is none since this rebuild was ordered"]

    def apply(self, works: Works, seen: Seen) -> None:
        """Take it on another member."""
        acting = neighbour(seen)
        reason = f"before {works.node} is rebuilt"
        works.play(Play("etcd_snapshot", (acting,), {"acting_node": acting, "etcd_snapshot_reason": reason}))


LEG = Snapshot()
