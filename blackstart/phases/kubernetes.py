"""kubelet, kubeadm and kubectl at the pinned version, and the kubelet's settings on this node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.phases.local import LocalPhase
from blackstart.step import Watch

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import NodeFacts, Observed

TOOLS = ("kubelet", "kubeadm", "kubectl")


class Kubernetes(LocalPhase):
    """The packages; the kubelet itself is started by kubeadm."""

    name = "kubernetes"
    title = "Kubelet and tools"
    watch = Watch(
        files=(
            "/etc/kubernetes/kubelet.env",
            "/etc/kubernetes/kubelet.conf.d/10-blackstart.conf",
            "/etc/systemd/system/kubelet.service.d/10-blackstart.conf",
            "/etc/systemd/logind.conf.d/50-blackstart.conf",
        ),
        packages=(*TOOLS, "cni-plugins", "conntrack-tools", "ethtool", "socat", "helm"),
    )

    def trouble(self, desired: Cluster, observed: Observed, node: NodeFacts) -> str:  # noqa: ARG002 - base's signature
        """Name a tool that is missing or of another version than wanted; a member whose kubelet does not run."""
        wanted = desired.versions.kubelet.removeprefix("v")
        wrong = [f"{tool} {node.packages.get(tool, 'missing')}" for tool in TOOLS if node.packages.get(tool) != wanted]
        if wrong:
            return f"{', '.join(wrong)}; wanted {wanted}"
        return self.inactive(node, "kubelet.service") if node.is_member else ""


PHASE = Kubernetes()
