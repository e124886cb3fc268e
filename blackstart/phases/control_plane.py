"""The first control plane: kubeadm init on one node, once, and never where a cluster may already be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.errors import RefusedError, UnreachableError
from blackstart.phases.cluster_phase import act, workload
from blackstart.step import ClusterState, Look, Play, Reason, Step

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import Observed


def started(observed: Observed) -> tuple[str, ...]:
    """Return the nodes that hold anything of a cluster: etcd data, or the files of a member."""
    return tuple(name for name, node in observed.nodes.items() if node.is_member or node.has_etcd_data)


def first(desired: Cluster, observed: Observed) -> str:
    """Return the node that init runs on: the one where it was begun, else the inventory's first."""
    begun = started(observed)
    return begun[0] if len(begun) == 1 else desired.node_names[0]


def _complete(observed: Observed) -> bool:
    """Tell whether kubeadm init got to its end; its last act is the CoreDNS Deployment (cmd/init.go, addon phase).

    With a second member it did, whatever became of CoreDNS since.
    """
    return len(started(observed)) > 1 or workload(observed, "kube-system", "coredns") is not None


class ControlPlane(Step):
    """kubeadm init, or going on with one that was cut off."""

    name = "control_plane"
    title = "First control plane"
    needs = ("base_os", "containerd", "kubernetes")
    etcd = True
    reaches = ClusterState.API
    timeout = 300.0

    def reasons(self, desired: Cluster, observed: Observed) -> list[Reason]:
        """Ask for init when no node holds anything of a cluster, or when exactly one does and its init is not complete.

        Raises UnreachableError when a node that does not answer could hold the cluster, and RefusedError when a
        single node is all that is left of a larger one.
        """
        begun = started(observed)
        if len(begun) > 1 or (observed.api.reachable and _complete(observed)):
            return []
        if gone := [node for node in observed.nodes.values() if not node.reachable]:
            raise UnreachableError(
                "a cluster may exist already: these nodes do not answer and may hold it:\n"
                + "\n".join(f"{node.name}: {node.error}" for node in gone),
                hint="kubeadm init is only run when every node of the inventory was looked at",
            )
        if not begun:
            return [Reason("no node is a member and none holds etcd data", first(desired, observed))]
        node = observed.nodes[begun[0]]
        if len(node.etcd) > 1:
            members = ", ".join(member.name or member.address or member.id for member in node.etcd)
            raise RefusedError(
                f"etcd on {node.name} lists {len(node.etcd)} members ({members}), but no other node holds their data, "
                "and no API answers: this is the rest of a larger cluster that lost its quorum",
                hint="power on the machines that hold the other members, or restore etcd from a snapshot",
            )
        return [Reason("kubeadm init started here and did not finish", node.name)]

    def play(self, desired: Cluster, observed: Observed) -> Play:
        """Run on one node."""
        return act(self.name, first(desired, observed))

    def gate(self, desired: Cluster, observed: Observed) -> Look:  # noqa: ARG002 - the base class decides
        """Open when a control plane's own API server answers and init got to its end."""
        if not observed.with_api or not observed.api.reachable:
            said = [f"{n.name}: {n.api_error}" for n in observed.nodes.values() if n.is_member and n.api_error]
            return Look(open=False, seen="no API server is ready" + (f" ({'; '.join(said)})" if said else ""))
        if not _complete(observed):
            return Look(open=False, seen=f"the API answers on {observed.api.via}, kubeadm init has not finished")
        return Look(open=True, seen=f"the API answers on {', '.join(observed.with_api)}")


PHASE = ControlPlane()
