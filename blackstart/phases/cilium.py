"""The network plugin: install, and break-glass repair by the same values.

A node without its plugin can still say Ready, and a ready agent never writes a lost CNI file again; so this looks at
files, agents and pods that got no network, never at node conditions alone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from blackstart.errors import RefusedError
from blackstart.phases.cluster_phase import act, acting, inputs_changed, unready, unseen, workload
from blackstart.step import ClusterState, Healed, Look, Play, Reason, Step
from blackstart.words import some

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import ApiFacts, BrokenPod, Observed

NAMESPACE = "kube-system"
CONFLIST = "05-cilium.conflist"
# An agent starts in well under a minute once its image is there; a pod's sandbox is retried every few seconds.
# On a node that was rebuilt under its old name, the API goes on saying for a while that its agent of before is ready.
AGENT_SECONDS = 120.0
SANDBOX_SECONDS = 60.0
_NO_NETWORK = re.compile(r"sandbox|\bcni\b|network (?:plugin|is not ready)", re.IGNORECASE)
# These take time, not repair.
_STARTING = frozenset({"", "ContainerCreating", "PodInitializing", "Pending"})


def _live(observed: Observed) -> list[str]:
    """Return the members whose kubelet can be told anything; a dark node or API server is for other gates to report.

    A control plane's kubelet talks to its own node's API server alone (KEP-4471, ControlPlaneKubeletLocalMode).
    """
    return [name for name, node in observed.nodes.items() if node.is_member and node.api_ready]


def _without_network(pod: BrokenPod) -> bool:
    return bool(pod.node) and bool(_NO_NETWORK.search(f"{pod.reason} {pod.message}"))


def _is_agent(pod: BrokenPod) -> bool:
    # cilium-operator-… and cilium-envoy-… have longer names than a DaemonSet pod's cilium-xxxxx.
    return pod.namespace == NAMESPACE and bool(re.fullmatch(r"cilium-[a-z0-9]{5}", pod.name))


def _sick(observed: Observed) -> dict[str, str]:
    """Return, by node, why its agent's pod must be made anew."""
    found: dict[str, str] = {}
    for name in _live(observed):
        node = observed.nodes[name]
        if node.uptime > AGENT_SECONDS and observed.api.cilium_agents.get(name) and CONFLIST not in node.cni_files:
            found[name] = (
                f"its agent runs, but /etc/cni/net.d/{CONFLIST} is missing, and the agent does not write it again"
            )
    for pod in observed.api.broken_pods:
        if _is_agent(pod) and pod.since > AGENT_SECONDS and pod.reason not in _STARTING:
            found.setdefault(pod.node, f"its agent has been {pod.reason} for {pod.since:.0f} s")
        elif _without_network(pod) and pod.since > SANDBOX_SECONDS and observed.api.cilium_agents.get(pod.node):
            found.setdefault(pod.node, f"pod {pod.namespace}/{pod.name} gets no network there: {pod.message[:160]}")
    return found


def _held(api: ApiFacts) -> list[str]:
    return [app.name for app in api.applications if app.held]


class Cilium(Step):
    """Helm, from a control plane's own address; then the pods of agents that must be made anew."""

    name = "cilium"
    title = "Cilium network"
    needs = ("install", "control_plane")
    receipt = True
    heals = True
    reaches = ClusterState.NETWORK
    timeout = 600.0

    def reasons(self, desired: Cluster, observed: Observed) -> list[Reason]:  # noqa: ARG002 - the base class decides
        """Ask for it when it is missing, changed or broken on a node; raises RefusedError beside kube-proxy."""
        if found := unseen(observed, "Cilium is not installed"):
            return found
        if observed.api.kube_proxy:
            raise RefusedError(
                "a kube-proxy DaemonSet exists in kube-system; Cilium replaces it, and the two fight over Services",
                hint="if it was a stopgap: kubectl -n kube-system delete daemonset,configmap kube-proxy",
            )
        if workload(observed, NAMESPACE, "cilium") is None:
            return [Reason("the cilium DaemonSet is not there: new pods get no network")]
        found = inputs_changed(self.name, observed)
        if workload(observed, NAMESPACE, "cilium-operator") is None:
            found.append(Reason("the cilium-operator Deployment is not there"))
        found += [Reason(text, node) for node, text in _sick(observed).items()]
        held = some(_held(observed.api))
        return found + ([Reason(f"an interrupted repair left Argo CD paused for {held}")] if held else [])

    def play(self, desired: Cluster, observed: Observed) -> Play:  # noqa: ARG002 - the base class decides
        """Run from the first node whose API answers; after a repair a fresh pod on every node proves the end."""
        sick = _sick(observed)
        daemons = workload(observed, NAMESPACE, "cilium") is not None
        # Once agents ran there were CNI files; a DaemonSet that is gone since is a repair, not an install.
        lost = not daemons and any(CONFLIST in observed.nodes[name].cni_files for name in _live(observed))
        healed = [Healed(f"Cilium agent of {node}", text) for node, text in sick.items()]
        if lost:
            healed.append(Healed("Cilium DaemonSet", "it was missing; running pods kept their network"))
        return act(
            self.name,
            acting(observed),
            healed,
            cilium_force=not daemons or workload(observed, NAMESPACE, "cilium-operator") is None,
            cilium_restart_agents=sorted(sick),
            cilium_canary_nodes=_live(observed) if sick or lost else [],
            cilium_hold_argocd="applications.argoproj.io" in observed.api.crds,
        )

    def gate(self, desired: Cluster, observed: Observed) -> Look:  # noqa: ARG002 - the base class decides
        """Open when every live member has a ready agent, its CNI file and a Ready node, and no pod lacks a network.

        Agents, CNI files and Nodes alone are enough for a join.
        """
        api = observed.api
        if not api.reachable:
            return Look(open=False, seen="no API answers")
        live = _live(observed)
        ready = {node.name for node in api.nodes if node.ready}
        said = []
        for name in live:
            if not api.cilium_agents.get(name):
                said.append(f"{name}: no ready agent")
            elif CONFLIST not in observed.nodes[name].cni_files:
                said.append(f"{name}: {CONFLIST} is not there")
            elif name not in ready:
                said.append(f"{name}: node NotReady")
        well = len(live) - len(said)
        enough = bool(live) and not said
        # One of each carries the network; a second one that is down with its node is that node's trouble.
        for name in ("cilium-operator", "coredns"):
            one = workload(observed, NAMESPACE, name)
            if one is None or (one.desired and not one.ready):
                said.append(f"{name}: {'not there' if one is None else 'none is ready'}")
        dns = workload(observed, NAMESPACE, "coredns")
        # The relay finds its agents by name: without DNS it cannot come up, and break-glass must work without DNS.
        if workload(observed, NAMESPACE, "hubble-relay") and dns is not None and dns.ready:
            said += unready(observed, NAMESPACE, "hubble-relay")
        said += [f"pod {p.namespace}/{p.name} has no network" for p in api.broken_pods if _without_network(p)]
        seen = f"{well} of {len(live)} nodes have agent, CNI file and network"
        why = f": {some(said, between='; ')}" if said else ""
        return Look(open=not said and bool(live), seen=seen + why, enough=enough)


PHASE = Cilium()
