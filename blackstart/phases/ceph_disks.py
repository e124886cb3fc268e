"""What Rook expects of its disks' surroundings: names that stay, scheduler, TRIM timer, health checks. No writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.phases import disk_guard
from blackstart.phases.local import LocalPhase
from blackstart.step import Reason, Watch

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import NodeFacts, Observed


class CephDisks(LocalPhase):
    """Settings around the disks that the guard found usable or ours."""

    name = "ceph_disks"
    title = "Settings around the Ceph disks"
    watch = Watch(
        files=("/etc/udev/rules.d/90-blackstart-disks.rules", "/etc/smartd.conf"), packages=("smartmontools",)
    )

    def reasons(self, desired: Cluster, observed: Observed) -> list[Reason]:
        """Follow the disk guard, whose verdicts say which disks there are, besides what every local phase looks at."""
        found = super().reasons(desired, observed)
        known = {reason.node for reason in found}
        judged = [reason.node for reason in disk_guard.PHASE.reasons(desired, observed)]
        return [*found, *(Reason("its disks are judged anew", node) for node in judged if node not in known)]

    def trouble(self, desired: Cluster, observed: Observed, node: NodeFacts) -> str:  # noqa: ARG002 - base's signature
        """Nothing here keeps a cluster from starting."""
        return ""


PHASE = CephDisks()
