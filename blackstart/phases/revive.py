"""What a plain power-on leaves broken: pods that will never come right by themselves are made anew.

Only pods that a controller makes again, only in a state that waiting does not end, and only after a time in which a
pod that is merely starting would have left it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.phases.cluster_phase import act, acting, unseen
from blackstart.step import Healed, Look, Play, Reason, Step

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import BrokenPod, Observed

# Kinds whose controllers make a deleted pod again. A Job's pod is the Job's own affair (backoffLimit), and a mirror
# pod's owner is its Node.
_CONTROLLERS = frozenset({"ReplicaSet", "StatefulSet", "DaemonSet"})
# A container that fails to be created is tried again every few seconds; after this long the kubelet goes round in
# circles over what the power cut left in the runtime.
CREATE_SECONDS = 30.0
# A failing init container in a pod that is older than its machine's start: emptyDirs outlive a power cycle, so a
# script that expects them empty ("File exists") fails for ever. One failure may be a dependency that starts late.
INIT_SECONDS = 20.0
# The kubelet reports a pod Unknown until it has looked at it again after its start.
UNKNOWN_SECONDS = 60.0
# A sandbox takes seconds once the node's network is up.
SANDBOX_SECONDS = 120.0


def _why(pod: BrokenPod, observed: Observed) -> str:
    """Say why this pod must be made anew; empty when it may come right by itself."""
    node = observed.nodes.get(pod.node)
    before_boot = node is not None and 0 < pod.created < node.booted
    if pod.phase == "Failed":
        # With restartPolicy Always the kubelet fails a pod only when it shuts down, evicts it or will not admit it
        # (pkg/kubelet/nodeshutdown, eviction, lifecycle/predicate.go), and never comes back to it.
        return (
            f"it has been Failed ({pod.reason}) since a shutdown or an eviction on {pod.node}, and nothing cleans it up"
        )
    if pod.phase == "Unknown" and pod.since > UNKNOWN_SECONDS:
        return f"its state has been Unknown since {pod.node} came back"
    if pod.reason in {"CreateContainerError", "RunContainerError"} and pod.since > CREATE_SECONDS:
        return f"{pod.reason} for {pod.since:.0f} s: {pod.message[:120]}"
    failing = {"Init:CrashLoopBackOff", "Init:Error", "Init:RunContainerError", "Init:CreateContainerError"}
    if before_boot and pod.reason in failing and pod.since > INIT_SECONDS:
        return (
            f"its init container fails ({pod.reason}) over what was left in its volumes before the start of its machine"
        )
    sandbox = pod.reason in {"ContainerCreating", "PodInitializing", "Init:PodInitializing", "SandboxChanged"}
    if before_boot and sandbox and pod.since > SANDBOX_SECONDS and observed.api.cilium_agents.get(pod.node):
        return f"its sandbox has been stuck for {pod.since:.0f} s since {pod.node} started"
    return ""


def stuck(observed: Observed) -> list[tuple[BrokenPod, str]]:
    """Return the pods to make anew, each with the reason."""
    owned = (pod for pod in observed.api.broken_pods if pod.controller in _CONTROLLERS)
    return [(pod, why) for pod in owned if (why := _why(pod, observed))]


class Revive(Step):
    """Deletes exactly the pods that are stuck; their controllers make them again."""

    name = "revive"
    title = "Recreate pods that a power-on left broken"
    needs = ("members",)
    heals = True
    timeout = 300.0

    def reasons(self, desired: Cluster, observed: Observed) -> list[Reason]:  # noqa: ARG002 - the base class decides
        """Name each stuck pod."""
        if observed.api.reachable:
            # Not the node's own reason: a controller may make the pod again anywhere.
            return [Reason(f"{pod.namespace}/{pod.name} on {pod.node}: {why}") for pod, why in stuck(observed)]
        # Before there is a cluster there is nothing to revive.
        return unseen(observed, "pods are stuck") if observed.members else []

    def play(self, desired: Cluster, observed: Observed) -> Play:  # noqa: ARG002 - the base class decides
        """Delete them from the first node whose API answers, and say what was healed."""
        found = stuck(observed)
        return act(
            self.name,
            acting(observed),
            [Healed(f"pod {pod.namespace}/{pod.name}", why) for pod, why in found],
            revive_pods=[{"namespace": pod.namespace, "name": pod.name} for pod, _ in found],
        )

    def gate(self, desired: Cluster, observed: Observed) -> Look:  # noqa: ARG002 - the base class decides
        """Open when no pod is stuck."""
        found = stuck(observed)
        names = ", ".join(f"{pod.namespace}/{pod.name}" for pod, _ in found[:3])
        return Look(open=not found, seen=f"{len(found)} pods are stuck: {names}" if found else "no pod is stuck")


PHASE = Revive()
