"""A run as the report sees it: frozen facts, all times in seconds since the run's first event."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """How a run ended."""

    OK = "ok"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    KILLED = "killed"  # the journal has no end
    RUNNING = "running"  # it has none yet: somebody holds the cluster's lock


class Fate(StrEnum):
    """What became of a phase; the values are the words that people read."""

    DONE = "done"
    RAN = "ran, not confirmed"  # its tasks ended well, but the run stopped before its receipt was written
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    KILLED = "cut off"
    RUNNING = "running"
    NOT_REACHED = "not reached"
    NOT_NEEDED = "no longer needed"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return max(0.0, self.end - self.start)


@dataclass(frozen=True, slots=True)
class TaskRun:
    """One task on one node; status is ok, changed, failed, skipped or unreachable."""

    phase: str
    role: str
    task: str
    node: str
    status: str
    span: Span


class Shared(NamedTuple):
    """A sentence that holds for several nodes; the empty node is the cluster."""

    text: str
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wait:
    """One time that a gate was waited for; looks are (when, what was seen), a line per change."""

    phase: str
    span: Span
    open: bool
    seen: str
    looks: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PhaseRun:
    """One phase: why it ran, when, what it did, and when its gate was seen open (None: the journal does not say)."""

    name: str
    title: str
    fate: Fate
    reasons: tuple[Shared, ...] = ()
    spans: tuple[Span, ...] = ()
    tasks: tuple[TaskRun, ...] = ()
    waits: tuple[Wait, ...] = ()
    opened: float | None = None

    @property
    def seconds(self) -> float:
        """How long it was applied, waits left out."""
        return sum(span.seconds for span in self.spans)

    @property
    def waited(self) -> float:
        """How long its gate was waited for."""
        return sum(wait.span.seconds for wait in self.waits)

    @property
    def changed(self) -> tuple[TaskRun, ...]:
        """Its tasks that changed something."""
        return tuple(task for task in self.tasks if task.status == "changed")

    @property
    def began(self) -> float:
        """When it was first worked on or waited for; infinity when never."""
        spans = (*self.spans, *(wait.span for wait in self.waits))
        return min((span.start for span in spans), default=float("inf"))

    @property
    def background(self) -> Span | None:
        """What went on by itself after the phase was applied, until its gate was seen open or was waited for."""
        if not self.spans or self.opened is None:
            return None
        since = self.spans[-1].end
        until = min([self.opened, *(wait.span.start for wait in self.waits if wait.span.start >= since)])
        return Span(since, until) if until > since else None


class Mishap(NamedTuple):
    """An error as it was shown: what was found, and what to do."""

    exit_code: int
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Report:
    """The whole run. `reached` is the phase that was being worked on or waited for when the run ended."""

    run: str
    verb: str
    cluster: str
    blackstart: str
    only: str
    started: float  # seconds since the epoch
    seconds: float
    outcome: Outcome
    exit_code: int | None
    reached: str
    versions: dict[str, str] = field(default_factory=dict)
    nodes: tuple[str, ...] = ()
    phases: tuple[PhaseRun, ...] = ()
    healed: tuple[tuple[str, str], ...] = ()  # (what, why)
    errors: tuple[Mishap, ...] = ()
    notes: tuple[str, ...] = ()
    damaged: int = 0  # journal lines that could not be read

    @property
    def applied(self) -> tuple[PhaseRun, ...]:
        """The phases that were worked on, in the order in which they began."""
        return tuple(phase for phase in self.phases if phase.spans)

    @property
    def waits(self) -> tuple[Wait, ...]:
        """Every gate that was waited for, in order."""
        return tuple(sorted((w for p in self.phases for w in p.waits), key=lambda w: w.span.start))

    @property
    def tasks(self) -> tuple[TaskRun, ...]:
        """Every task of every phase."""
        return tuple(task for phase in self.phases for task in phase.tasks)
