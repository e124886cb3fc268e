"""The hand-off to GitOps: the root application is applied, then every application below it is awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.phases import application_health
from blackstart.phases.cluster_phase import act, acting, inputs_changed, unseen
from blackstart.step import Look, Play, Reason, Step
from blackstart.words import some

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import Application, Observed

ROOT = "root"


def _since(observed: Observed) -> float:
    """Return until when the cluster may have been down: the first start of a machine that runs; 0 when none can say.

    With one machine up, Argo CD goes on or is started elsewhere: a node's reboot makes no status old.
    """
    return min((node.booted for node in observed.nodes.values() if node.booted), default=0.0)


def _below(observed: Observed) -> list[Application]:
    known = {app.name: app for app in observed.api.applications}
    return [known[name] for name in application_health.reachable(ROOT, known) if name in known]


def _errors(app: Application) -> bool:
    return any(application_health.errors(text) for text in app.conditions)


class RootApplication(Step):
    """Applies the root, and has Argo CD look again where its last word is old or was a refusal."""

    name = "root_application"
    title = "Root application and every leaf"
    needs = ("install", "seed", "argocd")
    receipt = True
    heals = True

    def deadline(self, desired: Cluster) -> float:
        """Return what the inventory allows the applications: gitops_timeout_minutes."""
        return desired.gitops.timeout_minutes * 60.0

    def reasons(self, desired: Cluster, observed: Observed) -> list[Reason]:  # noqa: ARG002 - the base class decides
        """Ask for it when the root is missing or changed, or an application needs a nudge that Argo CD lacks."""
        if found := unseen(observed, "the root application is not applied"):
            return found
        below = _below(observed)
        if not below:
            return [Reason("the root application is not applied")]
        since = _since(observed)
        found = inputs_changed(self.name, observed)
        if failed := [app.name for app in below if application_health.failed(app)]:
            found.append(Reason(f"the last sync of {some(failed)} failed"))
        if unread := [app.name for app in below if _errors(app) and app.name not in failed]:
            found.append(Reason(f"Argo CD could not compare {some(unread)}"))
        if old := [app.name for app in below if application_health.stale(app, since)]:
            found.append(Reason(f"the status of {some(old)} is older than the last start of the cluster"))
        return found

    def play(self, desired: Cluster, observed: Observed) -> Play:  # noqa: ARG002 - the base class decides
        """Run from the first node whose API answers; names what to refresh, and what to sync again."""
        since = _since(observed)
        below = _below(observed)
        refresh = [
            app.name
            for app in below
            if application_health.stale(app, since) or application_health.failed(app) or _errors(app)
        ]
        resync = [app.name for app in below if application_health.failed(app)]
        return act(self.name, acting(observed), root_application_refresh=refresh, root_application_resync=resync)

    def gate(self, desired: Cluster, observed: Observed) -> Look:  # noqa: ARG002 - the base class decides
        """Open when every application reachable from the root is what its repository says, and well."""
        if not observed.api.reachable:
            return Look(open=False, seen="no API answers")
        seen = application_health.survey(ROOT, observed.api.applications, observed.api.broken_pods, _since(observed))
        return Look(open=seen.healthy, seen=str(seen))


PHASE = RootApplication()
