"""What a phase is: reasons, a playbook, a gate. Pure decisions here; the engine does the doing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import Observed


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a phase has something to do; node is empty when it is the cluster's."""

    text: str
    node: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a gate: is it open, and what was seen ("2 of 3 nodes Ready: casper-3 is NotReady").

    `enough` lets the phases that need this one begin although the gate is still closed.
    `warning` is what somebody should see to although nothing waits for it.
    """

    open: bool
    seen: str
    enough: bool = False
    warning: str = ""

    @property
    def suffices(self) -> bool:
        """Whether the phases that need this one may begin."""
        return self.open or self.enough


@dataclass(frozen=True, slots=True)
class Play:
    """One Ansible run: the playbook's name, the nodes it is limited to, and extra variables (never secrets)."""

    playbook: str
    limit: tuple[str, ...] = ()
    variables: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Watch:
    """What a node-local role manages: paths, packages and units, hashed into its receipt after it succeeded."""

    files: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


class Phase(Protocol):
    """One step on the path.

    Its attributes are read-only, so that phases may be frozen.
    """

    @property
    def name(self) -> str:
        """Its name, and its playbook's."""

    @property
    def title(self) -> str:
        """What it brings about, for people."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The phases whose gates must be open before it is applied."""

    @property
    def local(self) -> bool:
        """Whether its play touches only the nodes themselves: neighbours of that kind share one Ansible run."""

    @property
    def watch(self) -> Watch:
        """What its role manages on a node."""

    @property
    def timeout(self) -> float:
        """Seconds that its gate may take."""

    def reasons(self, desired: Cluster, observed: Observed) -> list[Reason]:
        """Say why this phase must be applied; empty when there is nothing to do. Pure."""

    def play(self, desired: Cluster, observed: Observed) -> Play:
        """Say what to run, given what was seen. Pure."""

    def gate(self, desired: Cluster, observed: Observed) -> Look:
        """Say whether what this phase is for has come true. Pure."""
