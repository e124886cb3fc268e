"""What the steps of a rebuild decide on, and the shape that they share."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from blackstart.power.base import Power, PowerFacts
from blackstart.probe.observed import Observed
from blackstart.step import Reason, Scope, Step

if TYPE_CHECKING:
    from blackstart.engine.context import Context
    from blackstart.metal.order import Order
    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import KubeNode, NodeFacts


_UNKNOWN = PowerFacts(Power.UNKNOWN, "nobody has looked")


@dataclass(frozen=True, slots=True)
class View(Observed):
    """A look at the cluster, and at the node that is rebuilt: its order, its power, etcd's snapshots.

    `order` is what this run works for, `closed` tells that it was closed since; None: nothing is ordered yet.
    `snapshots` are the times of etcd's snapshots on the control machine, in seconds since the epoch, oldest first.
    """

    node: str = ""
    order: Order | None = None
    closed: bool = False
    power: PowerFacts = _UNKNOWN
    snapshots: tuple[float, ...] = ()

    @classmethod
    def of(cls, observed: Observed, **about: Any) -> View:  # noqa: ANN401 - the fields above
        """Return the view of what was observed."""
        return cls(**{field.name: getattr(observed, field.name) for field in fields(observed)}, **about)

    @property
    def facts(self) -> NodeFacts:
        """The node itself."""
        return self.nodes[self.node]

    @property
    def kube(self) -> KubeNode | None:
        """Its Node object."""
        return next((node for node in self.api.nodes if node.name == self.node), None)

    @property
    def renewed(self) -> bool:
        """Whether it runs the installation that is ordered: then all that came before it is past."""
        facts = self.facts
        return facts.reachable and not facts.live and self.order is not None and facts.installation == self.order.id

    @property
    def alive(self) -> bool:
        """Whether the old node can end its own pods. After a power cut its Node is called Ready for 40 s more."""
        return self.kube is not None and self.kube.ready and self.power.power is not Power.OFF


def view(observed: Observed) -> View:
    """Return the view of a look that was made for a rebuild."""
    assert isinstance(observed, View), "a rebuild's steps were asked outside a rebuild"  # noqa: S101 - a bug of ours
    return observed


class RebuildStep(Step):
    """A step about the node that is rebuilt. It has been done when it has no more reasons."""

    scope = Scope.HERE
    attempts = 2  # what has reasons after that cannot be brought about
    timeout = 5.0  # it has waited for its own end

    def reasons(self, desired: Cluster, observed: Observed) -> list[Reason]:
        """Return what why() says, as the node's."""
        seen = view(observed)
        return [Reason(text, seen.node) for text in self.why(desired, seen)]

    def apply(self, context: Context, observed: Observed) -> None:
        """Act on the node, for which something is ordered."""
        seen = view(observed)
        assert seen.order is not None  # noqa: S101 - begin() has placed one
        self.act(context, seen)

    def why(self, desired: Cluster, seen: View) -> list[str]:
        """Say why it must be done now; empty when it is past. Pure; RefusedError when it must not be done."""
        raise NotImplementedError

    def act(self, context: Context, seen: View) -> None:
        """Do it. Whatever was reached stays, and the next run goes on from there."""
        raise NotImplementedError
