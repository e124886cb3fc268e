"""The other control planes: each missing node joins etcd as a learner and is promoted once it has caught up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.errors import NotWellError, RefusedError
from blackstart.phases.cluster_phase import acting
from blackstart.phases.control_plane import first, started
from blackstart.probe.observed import KUBEADM
from blackstart.step import ClusterState, Look, Play, Reason, Scope, Step
from blackstart.words import by_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import EtcdMember, Observed


def etcd_members(observed: Observed) -> tuple[EtcdMember, ...]:
    """Return the members as a node with a ready API server lists them; empty when nobody can say."""
    return listed_by(observed, observed.with_api)


def listed_by(observed: Observed, names: Iterable[str]) -> tuple[EtcdMember, ...]:
    """Return the members as the first of these nodes that can lists them; unlike an API server it needs no quorum."""
    return next((observed.nodes[name].etcd for name in names if observed.nodes[name].etcd), ())


def _missing(desired: Cluster, observed: Observed, name: str) -> str:
    """Say what this node lacks to be a member, or nothing."""
    facts = observed.nodes[name]
    if not (facts.is_member or facts.has_etcd_data) and any(m.name == name for m in etcd_members(observed)):
        raise RefusedError(
            f"etcd lists {name} as a member that has started, but there is nothing of it on the machine: "
            "was its disk erased or replaced? kubeadm cannot join it while its old member is listed",
            hint=f"blackstart rebuild {name} takes the old member out first and installs the machine anew",
        )
    if not facts.is_member:
        begun = " (a join started and did not finish)" if facts.has_etcd_data else ""
        return f"is not a member of the control plane{begun}"
    etcd = etcd_members(observed)
    mine = next((m for m in etcd if m.name == name), None)
    address = str(desired.node(name).ansible_host)
    unnamed = any(not m.name and m.address == address for m in etcd)
    if (mine is not None and mine.learner) or unnamed:
        return "its etcd member is still a learner"
    kubeadm = facts.units.get(KUBEADM)
    if kubeadm is not None and kubeadm.active == "active":
        # Of a run that was cut off: etcd may have been asked a moment before it was told of this node.
        return "its join is still running"
    if etcd and mine is None:
        raise RefusedError(
            f"{name} holds the files of a member, but etcd lists only {', '.join(m.name for m in etcd)}: "
            "it was removed, and its files are outdated",
            hint="a removed member cannot rejoin with its old data: save what you need from it, then rebuild it",
        )
    kube = next((node for node in observed.api.nodes if node.name == name), None)
    if kube is not None and not kube.control_plane:
        return "its join stopped before the control-plane label was set"
    return ""


def _refuse_unhealthy(desired: Cluster, observed: Observed, joining: tuple[str, ...]) -> None:
    """Raise NotWellError or RefusedError when etcd must not be changed now; what is not seen, kubeadm checks."""
    etcd = etcd_members(observed)
    addresses = {str(desired.node(name).ansible_host) for name in joining}
    sick = [m.name or m.id for m in etcd if not m.healthy and not m.learner and m.name not in joining]
    if sick:
        raise NotWellError(
            f"etcd member {', '.join(sick)} is not healthy; joining {', '.join(joining)} now would risk the quorum",
            hint="bring it back first (is its machine up? `journalctl -u kubelet` there), then run again",
        )
    strangers = [m for m in etcd if m.learner and m.name not in joining and m.address not in addresses]
    if strangers:
        names = ", ".join(f"{m.id} at {m.name or m.address or 'an unknown address'}" for m in strangers)
        raise RefusedError(
            f"etcd holds a learner that none of {', '.join(joining)} is: {names}; it admits one learner at a time",
            hint="if that machine will not finish its join, remove the learner on a member: etcdctl member remove ID",
        )


class Members(Step):
    """kubeadm join --control-plane on every node that is missing."""

    name = "members"
    title = "Control plane members"
    # Not before the first node has its network: while etcd takes a second member in, no API server answers for
    # seconds, and all that waits for the network would wait longer.
    needs = ("install", "control_plane", "api_endpoint", "cilium")
    scope = Scope.NODES
    etcd = True
    reaches = ClusterState.NETWORK
    timeout = 600.0

    def reasons(self, desired: Cluster, observed: Observed) -> list[Reason]:
        """Name each node that is not, or not wholly, a member; raises RefusedError for one that was removed."""
        beginning = "" if len(started(observed)) > 1 else first(desired, observed)
        names = [node.name for node in desired.nodes if observed.nodes[node.name].reachable]
        found = [(name, _missing(desired, observed, name)) for name in names if name != beginning]
        return [Reason(text, name) for name, text in found if text]

    def play(self, desired: Cluster, observed: Observed) -> Play:
        """Join what is missing, all at once; raises RefusedError when a member is not healthy.

        etcd itself admits one learner at a time (--max-learners=1), and kubeadm asks again until it is let in
        (cmd/kubeadm/app/util/etcd/etcd.go, addMember): so joins are serial where it matters and overlap elsewhere.
        """
        joining = tuple(dict.fromkeys(reason.node for reason in self.reasons(desired, observed)))
        _refuse_unhealthy(desired, observed, joining)
        return Play(
            self.name, limit=joining, variables={"joining_nodes": list(joining), "acting_node": acting(observed)}
        )

    def gate(self, desired: Cluster, observed: Observed) -> Look:
        """Open when etcd lists every node as a healthy voter and each one's own API server is ready."""
        etcd = {member.name: member for member in etcd_members(observed)}
        said = {}
        for node in desired.nodes:
            facts, member = observed.nodes[node.name], etcd.get(node.name)
            if not facts.reachable:
                said[node.name] = facts.error
            elif member is None:
                said[node.name] = "not in etcd's list"
            elif member.learner or not member.healthy:
                said[node.name] = f"etcd {'learner' if member.learner else 'member is not healthy'}"
            elif not facts.api_ready:
                said[node.name] = f"API server {facts.api_error or 'not ready'}"
        well = len(desired.nodes) - len(said)
        seen = f"{well} of {len(desired.nodes)} nodes vote in etcd and serve the API"
        return Look(open=not said, seen=seen + (f": {by_text(said)}" if said else ""))


PHASE = Members()
