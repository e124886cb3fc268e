"""What a leg of a rebuild's path is, what it decides on, and what it works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from blackstart.engine.observer import Observer
    from blackstart.engine.runner import Runner
    from blackstart.metal.installers.base import Installer, Site
    from blackstart.metal.order import Order
    from blackstart.model.cluster import Cluster
    from blackstart.phases.base import Play
    from blackstart.power.base import Driver
    from blackstart.power.base import PowerFacts as Power
    from blackstart.probe.observed import KubeNode, NodeFacts, Observed


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at the node that is rebuilt and the cluster around it.

    `snapshots` are the times of etcd's snapshots on the control machine, in seconds since the epoch, oldest first.
    """

    node: str
    order: Order | None
    observed: Observed
    power: Power
    snapshots: tuple[float, ...]

    @property
    def facts(self) -> NodeFacts:
        """The node itself."""
        return self.observed.nodes[self.node]

    @property
    def kube(self) -> KubeNode | None:
        """Its Node object."""
        return next((node for node in self.observed.api.nodes if node.name == self.node), None)

    @property
    def renewed(self) -> bool:
        """Whether it runs the installation that is ordered: then all that came before it is past."""
        facts = self.facts
        return facts.reachable and not facts.live and self.order is not None and facts.installation == self.order.id


@dataclass(frozen=True, slots=True)
class Works:
    """What a leg works with. `play` runs a playbook with its variables; `say` is a line for people.

    `drain_seconds` is how long the node's pods may take to move.
    """

    desired: Cluster
    node: str
    state: Path
    observer: Observer
    driver: Driver
    installer: Installer
    runner: Callable[[Path], Runner]
    play: Callable[[Play], None]
    say: Callable[[str], None]
    drain_seconds: int

    def site(self) -> Site:
        """Return what an installer works with."""
        from blackstart.metal.installers.base import Site  # noqa: PLC0415 - a plan needs none

        return Site(self.desired, self.state, self.observer.fleet, self.driver, self.runner, self.say)


class Leg(Protocol):
    """One part of the path: a file of its own, done when it has no more reasons."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def title(self) -> str:
        """What it brings about, for people."""

    @property
    def once(self) -> bool:
        """Whether only its role can see if it is past: then it is gone once in each run."""

    def reasons(self, desired: Cluster, seen: Seen) -> list[str]:
        """Say why it must be gone now; empty when it is past. Pure; RefusedError when it must not be gone."""

    def apply(self, works: Works, seen: Seen) -> None:
        """Go it. Whatever was reached stays, and the next run goes on from there."""
