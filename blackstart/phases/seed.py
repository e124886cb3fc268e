"""What must exist before GitOps begins: CRDs, namespaces and first Secrets that the repository refers to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.phases import application_health
from blackstart.phases.cluster_phase import act, acting, inputs_changed, unseen
from blackstart.step import Look, Play, Reason, Step

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import Observed


class Seed(Step):
    """CRDs, namespaces and Secrets, applied server-side."""

    name = "seed"
    title = "Seed: CRDs, namespaces, first Secrets"
    needs = ("install", "control_plane")
    receipt = True
    heals = True
    timeout = 120.0

    def reasons(self, desired: Cluster, observed: Observed) -> list[Reason]:  # noqa: ARG002 - the base class decides
        """Ask for the seed when it was never or differently applied, or when Argo CD misses a kind."""
        if found := unseen(observed, "the seed was not applied"):
            return found
        refused = [
            Reason(f"Application {app.name} is refused, because the API does not know the kind {kind}")
            for app in observed.api.applications
            for kind in application_health.missing_kinds(app)
        ]
        return inputs_changed(self.name, observed) + refused

    def play(self, desired: Cluster, observed: Observed) -> Play:  # noqa: ARG002 - the base class decides
        """Run from the first node whose API answers."""
        return act(self.name, acting(observed))

    def gate(self, desired: Cluster, observed: Observed) -> Look:  # noqa: ARG002 - the base class decides
        """Open when today's seed was applied."""
        if not observed.api.reachable:
            return Look(open=False, seen="no API answers")
        changed = inputs_changed(self.name, observed)
        return Look(open=not changed, seen=changed[0].text if changed else "CRDs, namespaces and Secrets are applied")


PHASE = Seed()
