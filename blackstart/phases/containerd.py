"""The container runtime."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.phases.local import LocalPhase
from blackstart.step import Watch

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import NodeFacts, Observed


class Containerd(LocalPhase):
    """containerd with our configuration, running now and at boot."""

    name = "containerd"
    title = "Container runtime"
    watch = Watch(
        files=("/etc/containerd/config.toml", "/etc/crictl.yaml"),
        packages=("containerd", "runc"),
        units=("containerd.service",),
    )

    def trouble(self, desired: Cluster, observed: Observed, node: NodeFacts) -> str:  # noqa: ARG002 - base's signature
        """Name a containerd that does not run."""
        return self.inactive(node, "containerd.service")


PHASE = Containerd()
