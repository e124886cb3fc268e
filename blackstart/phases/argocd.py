"""Argo CD itself, from the bundle's pinned manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.phases.cluster_phase import act, acting, inputs_changed, unready, unseen, workload
from blackstart.step import ClusterState, Look, Play, Reason, Step
from blackstart.words import some

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import Observed

NAMESPACE = "argocd"
CRD = "applications.argoproj.io"
# Without these no Application is ever compared. The rest is awaited at the end, and no phase waits for it.
WORKING = ("argocd-application-controller", "argocd-redis", "argocd-repo-server")
PARTS = (*WORKING, "argocd-server")


class ArgoCD(Step):
    """The upstream manifest with our overlay, applied server-side."""

    name = "argocd"
    title = "Argo CD"
    needs = ("install", "control_plane")
    receipt = True
    reaches = ClusterState.GITOPS
    timeout = 600.0

    def reasons(self, desired: Cluster, observed: Observed) -> list[Reason]:  # noqa: ARG002 - the base class decides
        """Ask for it when a part of it is missing, or when it was never or differently applied."""
        if found := unseen(observed, "Argo CD is not installed"):
            return found
        if CRD not in observed.api.crds:
            return [Reason("Argo CD is not installed")]
        lost = [part for part in PARTS if workload(observed, NAMESPACE, part) is None]
        return [Reason(f"Argo CD lacks its {part}") for part in lost] + inputs_changed(self.name, observed)

    def play(self, desired: Cluster, observed: Observed) -> Play:  # noqa: ARG002 - the base class decides
        """Run from the first node whose API answers."""
        return act(self.name, acting(observed))

    def gate(self, desired: Cluster, observed: Observed) -> Look:  # noqa: ARG002 - the base class decides
        """Open when every part of Argo CD is ready; enough when those are that compare and sync."""
        if not observed.api.reachable:
            return Look(open=False, seen="no API answers")
        if CRD not in observed.api.crds:
            return Look(open=False, seen="its CRDs are not there")
        said = unready(observed, NAMESPACE, *PARTS)
        said += [text for text in unready(observed, NAMESPACE) if text not in said]
        pods = [f"{p.name} {p.reason}" for p in observed.api.broken_pods if p.namespace == NAMESPACE and said]
        text = some(said + pods, between="; ")
        enough = not unready(observed, NAMESPACE, *WORKING)
        return Look(open=not said, seen=text or "every part of Argo CD is ready", enough=enough)


PHASE = ArgoCD()
