"""The API's virtual address: exactly one node whose own API server is ready holds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.phases.local import LocalPhase
from blackstart.step import Look, Watch

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import NodeFacts, Observed


class ApiEndpoint(LocalPhase):
    """keepalived everywhere."""

    name = "api_endpoint"
    title = "API address"
    watch = Watch(
        files=(
            "/etc/keepalived/keepalived.conf",
            "/etc/systemd/system/keepalived.service.d/10-blackstart.conf",
            "/usr/local/lib/blackstart/api-ready",
        ),
        packages=("keepalived",),
        units=("keepalived.service",),
    )

    def trouble(self, desired: Cluster, observed: Observed, node: NodeFacts) -> str:  # noqa: ARG002 - base's signature
        """Name a keepalived that does not run."""
        return self.inactive(node, "keepalived.service")

    def gate(self, desired: Cluster, observed: Observed) -> Look:
        """Open when keepalived runs everywhere and, with an API ready, one node holds the address and answers there."""
        look = super().gate(desired, observed)
        if not look.open or not observed.with_api:
            return look
        holders = [node.name for node in observed.nodes.values() if node.holds_endpoint]
        address = desired.endpoint.address
        if len(holders) != 1:
            return Look(open=False, seen=f"{address} is held by {' and '.join(holders) or 'nobody'}; wanted: one node")
        if not any(node.endpoint_ready for node in observed.nodes.values()):
            return Look(open=False, seen=f"{holders[0]} holds {address}, but no API answers there")
        return Look(open=True, seen=f"{holders[0]} holds {address}")


PHASE = ApiEndpoint()
