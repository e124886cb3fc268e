"""The shape that node-local phases share: receipts in, one play on the nodes that need it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from blackstart.phases.receipts import nodes_of, receipt_reasons
from blackstart.step import Look, Play, Reason, Scope, Step, Watch
from blackstart.words import by_text

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import NodeFacts, Observed


class LocalPhase(Step):
    """Base of the phases whose play touches only the nodes themselves."""

    needs = ("install",)  # where a verb makes one
    scope = Scope.NODES
    watch: ClassVar[Watch] = Watch()

    def reasons(self, desired: Cluster, observed: Observed) -> list[Reason]:  # noqa: ARG002 - the base class decides
        """Ask for it where it never finished, where its inputs changed, and where what it manages drifted."""
        return receipt_reasons(self.name, observed)

    def play(self, desired: Cluster, observed: Observed) -> Play:
        """Run on the nodes that have reasons."""
        return Play(self.name, limit=nodes_of(self.reasons(desired, observed)))

    def gate(self, desired: Cluster, observed: Observed) -> Look:
        """Open when trouble() has nothing to say about any node."""
        said = {}
        for node in observed.nodes.values():
            if trouble := self.trouble(desired, observed, node) if node.reachable else node.error:
                said[node.name] = trouble
        well = len(observed.nodes) - len(said)
        seen = f"{well} of {len(observed.nodes)} nodes are well"
        return Look(open=not said, seen=seen + (f": {by_text(said)}" if said else ""))

    def trouble(self, desired: Cluster, observed: Observed, node: NodeFacts) -> str:
        """Say what keeps this node from what the phase is for; empty when nothing does."""
        raise NotImplementedError

    @staticmethod
    def inactive(node: NodeFacts, unit: str) -> str:
        """Say that a unit does not run; empty when it does."""
        state = node.units.get(unit)
        return (
            ""
            if state is not None and state.active == "active"
            else f"{unit} is {state.active if state else 'unknown'}"
        )
