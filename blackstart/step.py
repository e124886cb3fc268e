"""What a step is: the one shape of everything that a verb does. Decisions are pure; the engine carries them out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import Observed


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a step has something to do; node is empty when it is about the cluster."""

    text: str
    node: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a gate: is it open, and what was seen ("2 of 3 nodes Ready: casper-3 is NotReady").

    `enough` lets the steps that need this one begin although the gate is still closed.
    `warning` is what somebody should see to although nothing waits for it.
    """

    open: bool
    seen: str
    enough: bool = False
    warning: str = ""

    @property
    def suffices(self) -> bool:
        """Whether the steps that need this one may begin."""
        return self.open or self.enough


@dataclass(frozen=True, slots=True)
class Healed:
    """A fault that a play repairs: what, and how it was known."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Play:
    """One playbook: its name, the nodes it is limited to, extra variables (never secrets), and what it repairs."""

    playbook: str
    limit: tuple[str, ...] = ()
    variables: dict[str, Any] = field(default_factory=dict)
    healed: tuple[Healed, ...] = ()

    def on(self, nodes: Iterable[str]) -> Play:
        """Return the same play on these nodes."""
        return replace(self, limit=tuple(nodes))


@dataclass(frozen=True, slots=True)
class Watch:
    """What a role manages on a node: paths, packages and units, hashed into its receipt after it succeeded."""

    files: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


class Scope(StrEnum):
    """What the work of a step acts on."""

    NODES = "nodes"  # the machines that its reasons name; --limit leaves some of them out
    CLUSTER = "cluster"  # the API, from whichever control plane answers
    HERE = "here"  # it acts by itself (engine/context.py, Acting), while nothing else runs


class ClusterState(StrEnum):
    """How far the cluster is, each state above the one before it."""

    NO_API = "no API"
    API = "API"
    NETWORK = "network"
    GITOPS = "GitOps"
    HEALTHY = "healthy"


class Step:
    """One step on a verb's path: a name, a title, reasons. All else is optional.

    A step has something to do when it has reasons. It begins when the gates of those that it needs suffice, and the
    steps that need it wait until it has nothing to do and its own gate suffices.
    """

    name: ClassVar[str]
    title: ClassVar[str]  # what it brings about, for people
    # Steps that come before it, as far as the verb has them: base_os needs an installation only where one is made.
    needs: ClassVar[tuple[str, ...]] = ()
    scope: ClassVar[Scope] = Scope.CLUSTER
    watch: ClassVar[Watch | None] = None  # with one, each node that it was applied to keeps a receipt
    receipt: ClassVar[bool] = False  # it leaves a receipt in the cluster
    etcd: ClassVar[bool] = False  # it changes etcd's members, or stops one: never two such steps at once
    heals: ClassVar[bool] = False  # it repairs what shows only later: it may be applied again in the same run
    attempts: ClassVar[int] = 1  # how often it may be applied in one run, unless it heals
    # How far the cluster is once its gate is open, and those of all steps that reach less.
    reaches: ClassVar[ClusterState] = ClusterState.HEALTHY
    timeout: ClassVar[float] = 120.0  # seconds that its gate may stay closed while nothing runs

    def reasons(self, desired: Cluster, observed: Observed) -> list[Reason]:
        """Say why this step must be applied; empty when there is nothing to do. Pure.

        Raises RefusedError when it must not be, NotWellError when a later look may allow it.
        """
        raise NotImplementedError

    def play(self, desired: Cluster, observed: Observed) -> Play:
        """Say what to run, given what was seen. Pure. Raises as reasons() does."""
        raise NotImplementedError

    def gate(self, desired: Cluster, observed: Observed) -> Look:
        """Say whether what this step is for has been reached: by default, when it has no more reasons. Pure."""
        said = "; ".join(reason.text for reason in self.reasons(desired, observed))
        return Look(open=not said, seen=said or "nothing to do")

    def deadline(self, desired: Cluster) -> float:  # noqa: ARG002 - the inventory may say it
        """Return the seconds that its gate may stay closed while nothing runs."""
        return self.timeout

    def expected(self, desired: Cluster, observed: Observed) -> Observed:  # noqa: ARG002 - for those that know
        """Return what will be seen after it was applied, for the plan of the steps behind it. Pure."""
        return observed
