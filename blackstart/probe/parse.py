"""From the plain JSON that nodes send to what was observed. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from blackstart.node.etcd.quorum import majority
from blackstart.node.gpu.units import GpuFacts
from blackstart.probe.observed import (
    ApiFacts,
    Application,
    BrokenPod,
    DiskVerdict,
    EtcdMember,
    KubeNode,
    NodeFacts,
    Receipt,
    Unit,
    Workload,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def node(name: str, said: Mapping[str, Any], clock: float) -> NodeFacts:
    """Build a node's facts; clock as in NodeFacts."""
    rich = {
        "units": {unit: Unit(**state) for unit, state in said["units"].items()},
        "receipts": {
            phase: Receipt(receipt["inputs"], tuple(receipt["drift"])) for phase, receipt in said["receipts"].items()
        },
        "disks": tuple(DiskVerdict(**disk) for disk in said["disks"]),
        "images": frozenset(said["images"]),
        "etcd": tuple(EtcdMember(**member) for member in said["etcd"]),
        "cni_files": tuple(said["cni_files"]),
        "gpu": GpuFacts.of(said["gpu"]),
        "kernels": tuple(said["kernels"]),
    }
    return NodeFacts(**{**said, **rich, "name": name, "clock": clock})


def api(via: str, said: Mapping[str, Any]) -> ApiFacts:
    """Build what the API said through the node `via`."""
    if not said["reachable"]:
        return ApiFacts(via=via, error=f"{via}: {said['error']}")
    rich = {
        "nodes": tuple(KubeNode(**entry) for entry in said["nodes"]),
        "workloads": tuple(Workload(**entry) for entry in said["workloads"]),
        "broken_pods": tuple(BrokenPod(**entry) for entry in said["broken_pods"]),
        "applications": tuple(_application(entry) for entry in said["applications"]),
        "namespaces": frozenset(said["namespaces"]),
        "crds": frozenset(said["crds"]),
    }
    return ApiFacts(**{**said, **rich, "via": via})


def _application(said: Mapping[str, Any]) -> Application:
    lists = {name: tuple(said[name]) for name in ("conditions", "children", "waiting_on")}
    return Application(**{**said, **lists})


def since_boot(said: ApiFacts, nodes: Mapping[str, NodeFacts]) -> ApiFacts:
    """Count a pod's trouble from its machine's last start at the earliest: what went before is another life's.

    A pod's own times are of the day before until the kubelet has looked at it again.
    """

    def capped(pod: BrokenPod) -> BrokenPod:
        facts = nodes.get(pod.node)
        return replace(pod, since=min(pod.since, facts.uptime)) if facts is not None and facts.booted else pod

    return replace(said, broken_pods=tuple(capped(pod) for pod in said.broken_pods))


def silence(nodes: Collection[NodeFacts]) -> str:
    """Say why there was no API to ask: by what etcd shows, and what each node says of its own server."""
    said = "; ".join(f"{facts.name}: {facts.api_error}" for facts in nodes if facts.api_error)
    if not said:
        return "no node that answers runs an API server"
    for facts in nodes:
        voters = [member for member in facts.etcd if not member.learner]
        healthy = sum(member.healthy for member in voters)
        if voters and healthy < majority(len(voters)):
            return f"etcd has no quorum, {healthy} of its {len(voters)} members serve consistent reads ({said})"
    return f"no API server is ready ({said})"
