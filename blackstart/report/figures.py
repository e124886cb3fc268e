"""Figures about a whole run: where its time went, its slowest tasks, what changed where."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from blackstart.report.model import PhaseRun, Report, Span, TaskRun


class Shares(NamedTuple):
    """A run's seconds, shared out without overlap; `other` is looking at the nodes, and whatever lies between."""

    applying: float
    waiting: float
    other: float


class SlowTask(NamedTuple):
    """A task by the node that took longest over it; `others` are the rest of its nodes, slowest first."""

    rank: int
    task: TaskRun
    others: tuple[tuple[str, float], ...]


def shares(report: Report) -> Shares:
    """Share the run's time out; a wait that a phase overlaps counts as applying."""
    applied = [span for phase in report.phases for span in phase.spans]
    waited = [wait.span for wait in report.waits]
    applying = _union(applied)
    waiting = _union([*applied, *waited]) - applying
    return Shares(applying, waiting, max(0.0, report.seconds - applying - waiting))


def _union(spans: Iterable[Span]) -> float:
    """Return how much time spans cover together."""
    total, until = 0.0, 0.0
    for span in sorted(spans, key=lambda one: one.start):
        total += max(0.0, span.end - max(span.start, until))
        until = max(until, span.end)
    return total


def changes(report: Report) -> int:
    """Count changed tasks on all nodes."""
    return sum(len(phase.changed) for phase in report.phases)


def changes_on(report: Report, node: str) -> int:
    """Count changed tasks on one node."""
    return sum(task.node == node for phase in report.phases for task in phase.changed)


def slowest(report: Report, limit: int = 10) -> tuple[SlowTask, ...]:
    """Return the tasks that took longest; a task that ran on several nodes counts once, by the slowest of them."""
    groups: dict[tuple[str, str, str], list[TaskRun]] = {}
    for task in report.tasks:
        if task.status != "skipped":
            groups.setdefault((task.phase, task.role, task.task), []).append(task)
    ordered = [sorted(group, key=lambda task: -task.span.seconds) for group in groups.values()]
    ordered.sort(key=lambda group: -group[0].span.seconds)
    return tuple(
        SlowTask(rank, group[0], tuple((task.node, task.span.seconds) for task in group[1:]))
        for rank, group in enumerate(ordered[:limit], 1)
    )


def changed_tasks(phase: PhaseRun) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """Group a phase's changed tasks by the nodes they changed: ((nodes), (tasks)), in the order of the play."""
    by_task: dict[str, list[str]] = {}
    for task in phase.changed:
        nodes = by_task.setdefault(task.task, [])
        if task.node not in nodes:
            nodes.append(task.node)
    by_nodes: dict[tuple[str, ...], list[str]] = {}
    for name, nodes in by_task.items():
        by_nodes.setdefault(tuple(sorted(nodes)), []).append(name)
    return tuple((nodes, tuple(names)) for nodes, names in by_nodes.items())
