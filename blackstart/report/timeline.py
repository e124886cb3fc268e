"""The geometry of the timeline picture: a row per phase, a lane per node, one axis of seconds for both.

Across, everything is in percent of the run, so that the picture fits any width while its text keeps its size; down, in
pixels. The template only writes these numbers out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from blackstart.report.figures import changes_on, slowest
from blackstart.report.model import Fate, Outcome, Span
from blackstart.report.words import duration

if TYPE_CHECKING:
    from blackstart.report.model import PhaseRun, Report, TaskRun

AXIS = 22  # pixels above the first row, for the ticks' labels
ROW = 22  # pixels of a phase's row
GAP = 30  # pixels between phases and nodes; the nodes' own heading stands there
LANE = 40  # pixels of a node's lane
_MARKED = 5  # slowest tasks that are marked by their rank
_NARROWEST = 0.25  # percent: what is shorter is drawn this wide, or it could not be seen
_TICKS = 9  # at most
_LAST_TICK = 95  # percent: beyond it a tick's label would run into the end's
_STEPS = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 3600, 7200)
# Phases run from night blue to green, in degrees of OKLCH's hue: neighbours differ, and the end looks like the end.
_DARK, _HEALTHY = 275, 150


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of a lane: x and width in percent; kind is its class, about what one reads on hovering."""

    x: float
    width: float
    kind: str
    hue: int
    about: str


class Mark(NamedTuple):
    """Where one of the slowest tasks is, by its rank in the table of them."""

    x: float
    rank: int
    about: str


@dataclass(frozen=True, slots=True)
class Row:
    """One phase or one node: y of its top in pixels, and what is drawn in it."""

    name: str
    y: int
    height: int
    hue: int
    bars: tuple[Bar, ...]
    marks: tuple[Mark, ...] = ()
    idle: bool = False
    seconds: float = 0.0
    waited: float = 0.0
    changed: int = 0


@dataclass(frozen=True, slots=True)
class Timeline:
    """The whole picture; `stop` is where a run that did not end well broke off, in percent."""

    height: int
    ticks: tuple[tuple[float, str], ...]
    phases: tuple[Row, ...]
    nodes: tuple[Row, ...]
    stop: float | None

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of bars that there are, for the legend."""
        return frozenset(bar.kind for row in (*self.phases, *self.nodes) for bar in row.bars)


@dataclass(frozen=True, slots=True)
class _Scale:
    """Seconds to percent, and phases to hues."""

    total: float
    hues: dict[str, int]

    def bar(self, span: Span, kind: str, phase: str, about: str) -> Bar:
        width = max(100 * span.seconds / self.total, _NARROWEST)
        x = min(100 * span.start / self.total, 100 - width)
        return Bar(round(x, 3), round(width, 3), kind, self.hues.get(phase, _DARK), about)


def timeline(report: Report) -> Timeline | None:
    """Lay the run out; None when nothing was done and nothing waited for."""
    shown = [phase for phase in report.phases if phase.spans or phase.waits or phase.fate is Fate.NOT_REACHED]
    if not any(phase.spans or phase.waits for phase in shown):
        return None
    ends = [span.end for phase in shown for span in (*phase.spans, *(wait.span for wait in phase.waits))]
    total = max(report.seconds, *ends, 0.1)
    scale = _Scale(total, _hues([phase.name for phase in shown]))
    phases = tuple(_phase(report, phase, AXIS + ROW * index, scale) for index, phase in enumerate(shown))
    top = AXIS + ROW * len(shown) + GAP
    nodes = tuple(_node(report, node, top + LANE * index, scale) for index, node in enumerate(report.nodes))
    stop = None if report.outcome is Outcome.OK else round(100 * report.seconds / total, 3)
    return Timeline(top + LANE * len(nodes), _ticks(total), phases, nodes, stop)


def _hues(names: list[str]) -> dict[str, int]:
    step = (_HEALTHY - _DARK) / max(1, len(names) - 1)
    return {name: round(_DARK + step * index) for index, name in enumerate(names)}


def _ticks(total: float) -> tuple[tuple[float, str], ...]:
    step = next((step for step in _STEPS if total / step <= _TICKS), total / _TICKS)
    places = ((100 * step * index / total, f"{step * index:g}") for index in range(int(total / step) + 1))
    inner = [(round(x, 3), label) for x, label in places if x <= _LAST_TICK]
    return (*inner, (100.0, f"{total:.0f} s" if total >= _TICKS else f"{total:.1f} s"))


def _phase(report: Report, phase: PhaseRun, y: int, scale: _Scale) -> Row:
    bars = []
    if phase.background and _beside(report, phase.background):
        about = f"{phase.name}: goes on by itself until it is seen done {duration(phase.opened or 0)} into the run"
        bars.append(scale.bar(phase.background, "on", phase.name, about))
    broken = phase.fate in {Fate.FAILED, Fate.INTERRUPTED, Fate.KILLED}
    for span in phase.spans:
        kind = "work broken" if broken and span is phase.spans[-1] else "work"
        bars.append(scale.bar(span, kind, phase.name, f"{phase.name}: {phase.fate}, {_when(span)}"))
    for wait in phase.waits:
        about = f"waiting for {phase.name}: {wait.seen}, {_when(wait.span)}"
        bars.append(scale.bar(wait.span, "wait", phase.name, about))
    return Row(
        name=phase.name,
        y=y,
        height=ROW,
        hue=scale.hues[phase.name],
        bars=tuple(bars),
        idle=not bars,
        seconds=phase.seconds,
        waited=phase.waited,
    )


def _beside(report: Report, span: Span) -> bool:
    """Whether another phase was worked on in the meantime."""
    return any(span.start < other.start < span.end for phase in report.applied for other in phase.spans)


def _node(report: Report, node: str, y: int, scale: _Scale) -> Row:
    bars = []
    for phase in report.applied:
        own = [task for task in phase.tasks if task.node == node and task.status != "skipped"]
        if own:
            whole = Span(min(t.span.start for t in own), max(t.span.end for t in own))
            bars.append(scale.bar(whole, "open", phase.name, f"{phase.name} on {node}, {_when(whole)}"))
        bars += [scale.bar(task.span, _kind(task, phase), phase.name, _about(task)) for task in own]
    marks = [
        Mark(scale.bar(Span(_middle(slow.task), _middle(slow.task)), "", "", "").x, slow.rank, _about(slow.task))
        for slow in slowest(report, _MARKED)
        if slow.task.node == node
    ]
    hue = bars[-1].hue if bars else _DARK
    return Row(node, y, LANE, hue, tuple(bars), tuple(marks), changed=changes_on(report, node))


def _kind(task: TaskRun, phase: PhaseRun) -> str:
    failed = task.status in {"failed", "unreachable"} and phase.fate is not Fate.DONE
    return "task broken" if failed else "task"


def _middle(task: TaskRun) -> float:
    return (task.span.start + task.span.end) / 2


def _about(task: TaskRun) -> str:
    return f"{task.task} on {task.node}: {task.status}, {_when(task.span)}"


def _when(span: Span) -> str:
    return f"{span.seconds:.1f} s from {span.start:.1f} s"
