"""The GPUs' memory: what software sets of it, and what of it only firmware can set and a start should not wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.node.gpu.judge import OURS, restart_due, verdicts
from blackstart.node.gpu.units import RESTART, Verdict, Wanted, bytes_of, spell
from blackstart.phases.local import LocalPhase
from blackstart.step import Look, Watch

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster, Node
    from blackstart.probe.observed import NodeFacts, Observed


def wanted(desired: Cluster, node: Node) -> Wanted:
    """Return what the inventory says of a node's GPU."""
    gpu = desired.gpu
    return Wanted(node.ram_gib, node.gpu_carve_out_gib, gpu.gtt_gib, gpu.page_pool_gib, gpu.target)


def reboot_due(desired_node: Node, facts: NodeFacts) -> str:
    """Say why a restart of a node would bring its GPU the memory that is set for it; empty when it would not.

    Firmware's share is no reason: a restart alone does not change it.
    """
    if facts.gpu is None:
        return ""
    # A practice node may show the GPU of the machine that it runs on, of which nothing is set from inside.
    ours = desired_node.gpu_carve_out_gib or any(one.source == OURS for one in facts.gpu.settings)
    return restart_due(facts.gpu) if ours else ""


class GpuMemory(LocalPhase):
    """The kernel's limit of GPU memory; and a look at all the rest, which warns.

    A cluster that is lit with a wrong carve-out is better than a dark one, so only gpu_strict closes the gate.
    """

    name = "gpu_memory"
    title = "GPU memory"
    watch = Watch(files=(OURS,))

    def gate(self, desired: Cluster, observed: Observed) -> Look:
        """Say what each GPU has and what is offered to pods; open even when that is not what the inventory wants."""
        look = super().gate(desired, observed)
        nodes = [facts for facts in observed.nodes.values() if facts.reachable]
        said: dict[str, list[str]] = {}
        for facts in nodes:
            said.setdefault(_summary(desired, observed, facts), []).append(facts.name)
        seen = "; ".join(f"{', '.join(names)}: {text}" for text, names in said.items())
        warnings = [f"{facts.name}: {text}" for facts in nodes for text in _warnings(desired, observed, facts)]
        return Look(look.open, look.seen if not look.open else seen, warning="\n".join(warnings))

    def trouble(self, desired: Cluster, observed: Observed, node: NodeFacts) -> str:  # noqa: ARG002 - base's signature
        """Name what is wrong, but only where the inventory asks for strictness; a restart has a phase of its own."""
        hard = [str(one) for one in _verdicts(desired, node) if one.cure != RESTART]
        return "; ".join(hard) if desired.gpu.strict else ""


def _verdicts(desired: Cluster, facts: NodeFacts) -> list[Verdict]:
    return verdicts(wanted(desired, desired.node(facts.name)), facts.gpu)


def _summary(desired: Cluster, observed: Observed, facts: NodeFacts) -> str:
    if facts.gpu is None or not (desired.node(facts.name).gpu_carve_out_gib or desired.gpu.gtt_gib):
        return "no GPU"
    kube = next((node for node in observed.api.nodes if node.name == facts.name), None)
    return str(facts.gpu) if kube is None else f"{facts.gpu}, {kube.gpus or 'no'} amd.com/gpu offered to pods"


def _warnings(desired: Cluster, observed: Observed, facts: NodeFacts) -> list[str]:
    """Return what is wrong with a node's GPU, and a kubelet that holds its carve-out back once more.

    Allocatable is MemTotal less what is reserved (kubelet, pkg/kubelet/cm/node_container_manager_linux.go), and
    MemTotal lacks the carve-out from the start.
    """
    found = [str(one) for one in _verdicts(desired, facts)]
    carved = bytes_of(desired.node(facts.name).gpu_carve_out_gib)
    kube = next((node for node in observed.api.nodes if node.name == facts.name), None)
    if carved and kube is not None and kube.memory_bytes and facts.memory_bytes - kube.memory_bytes >= carved:
        found.append(
            f"the kubelet offers {spell(kube.memory_bytes)} of {spell(facts.memory_bytes)} to pods; wanted: all but "
            "what the system needs. MemTotal lacks the carve-out already: lower systemReserved and kubeReserved"
        )
    return found


PHASE = GpuMemory()
