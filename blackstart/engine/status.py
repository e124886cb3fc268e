"""How far nodes and cluster are: dark, installed, prepared, member, ready; and from no API to healthy.

Pure: an observation in, words out.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from blackstart.step import ClusterState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import NodeFacts, Observed
    from blackstart.step import Look, Step


class NodeState(StrEnum):
    """How far a machine is on its way."""

    DARK = "dark"  # does not answer, or does not prove to be itself
    INSTALLED = "installed"  # answers from its own system
    PREPARED = "prepared"  # every node-local phase left its receipt and nothing drifted
    MEMBER = "member"  # an etcd member and control plane by its own files
    READY = "ready"  # its API server answers and the node is Ready


@dataclass(frozen=True, slots=True)
class NodeLine:
    """One node in `status`."""

    name: str
    address: str
    state: NodeState
    detail: str


@dataclass(frozen=True, slots=True)
class Status:
    """The whole of `status`: the cluster's state, each node, each gate with what it saw, and warnings by phase."""

    cluster: ClusterState
    nodes: tuple[NodeLine, ...]
    gates: tuple[tuple[str, bool, str], ...]
    warnings: tuple[tuple[str, str], ...] = ()

    def document(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {
            "cluster": str(self.cluster),
            "nodes": [asdict(node) for node in self.nodes],
            "gates": [{"phase": name, "open": is_open, "seen": seen} for name, is_open, seen in self.gates],
            "warnings": [{"phase": name, "text": text} for name, text in self.warnings],
        }


def status(desired: Cluster, observed: Observed, steps: Sequence[Step]) -> Status:
    """Sum an observation up."""
    looks = {step.name: step.gate(desired, observed) for step in steps}
    nodes = tuple(_node(desired, observed, steps, node.name) for node in desired.nodes)
    gates = tuple((name, look.open, look.seen) for name, look in looks.items())
    warnings = tuple((name, look.warning) for name, look in looks.items() if look.warning)
    return Status(_cluster(observed, steps, looks), nodes, gates, warnings)


def _cluster(observed: Observed, steps: Sequence[Step], looks: dict[str, Look]) -> ClusterState:
    """Return the level below the first one that a step with a closed gate keeps the cluster from."""
    if not observed.api.reachable:
        return ClusterState.NO_API
    levels = list(ClusterState)
    missed = min((levels.index(step.reaches) for step in steps if not looks[step.name].open), default=len(levels))
    # An API that answers is one, whatever its gate still waits for.
    return levels[max(levels.index(ClusterState.API), missed - 1)]


def _node(desired: Cluster, observed: Observed, steps: Sequence[Step], name: str) -> NodeLine:
    facts = observed.nodes[name]
    address = str(desired.node(name).ansible_host)
    if not facts.reachable:
        return NodeLine(name, address, NodeState.DARK, facts.error)
    if not facts.is_member:
        missing = [s.name for s in steps if s.watch and any(r.node == name for r in s.reasons(desired, observed))]
        if missing:
            return NodeLine(name, address, NodeState.INSTALLED, "not yet: " + ", ".join(missing))
        return NodeLine(name, address, NodeState.PREPARED, "not a member of etcd")
    kube = next((node for node in observed.api.nodes if node.name == name), None)
    if facts.api_ready and kube is not None and kube.ready:
        return NodeLine(name, address, NodeState.READY, _ready_detail(facts, kube.kubelet))
    return NodeLine(name, address, NodeState.MEMBER, facts.api_error or _unready(observed, name))


def _ready_detail(facts: NodeFacts, kubelet: str) -> str:
    etcd = next((m for m in facts.etcd if m.name == facts.name), None)
    voter = "" if etcd is None else ", etcd learner" if etcd.learner else ", etcd voter"
    return f"kubelet {kubelet}{voter}{', holds the API address' if facts.holds_endpoint else ''}"


def _unready(observed: Observed, name: str) -> str:
    if not observed.api.reachable:
        return f"no API to ask: {observed.api.error}"
    return "its Node object is NotReady" if any(n.name == name for n in observed.api.nodes) else "has no Node object"
