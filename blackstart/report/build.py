"""From a journal's events to a Report. Pure; unknown kinds of events are passed over."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from blackstart.errors import Exit
from blackstart.report.batches import batches
from blackstart.report.model import Fate, Mishap, Outcome, PhaseRun, Report, Shared
from blackstart.report.waits import first_open, gate_waits

if TYPE_CHECKING:
    from collections.abc import Iterable

    from blackstart.report.model import Span, TaskRun

Events = list[dict[str, Any]]

_WORK = frozenset({"phase_start", "task_start", "task", "gate_start"})


def build(events: Events, *, run: str = "", running: bool = False) -> Report:
    """Sum a run up. `run` names it when its journal is too short to; `running` says that it still holds the lock."""
    zero = float(events[0]["at"]) if events else 0.0
    first = _first(events, "run")
    end = _first(events, "end")
    last = float(events[-1]["at"]) - zero if events else 0.0
    outcome = _outcome(end, running=running)
    return Report(
        run=str(first.get("run") or run),
        verb=str(first.get("verb", "")),
        cluster=str(first.get("cluster", "")),
        blackstart=str(first.get("blackstart", "")),
        only=str(first.get("only") or ""),
        started=zero,
        seconds=float(end.get("seconds", last)),
        outcome=outcome,
        exit_code=int(end["exit_code"]) if end else None,
        reached=_reached(events),
        versions={str(name): str(version) for name, version in first.get("versions", {}).items()},
        nodes=tuple(str(node) for node in first.get("nodes", ())),
        phases=_phases(events, zero, outcome),
        healed=tuple((str(e.get("what", "")), str(e.get("why", ""))) for e in events if e["kind"] == "healed"),
        errors=tuple(
            Mishap(int(e["exit_code"]), str(e["message"]), str(e.get("hint", "")))
            for e in events
            if e["kind"] == "error"
        ),
        notes=tuple(str(e.get("text", "")) for e in events if e["kind"] == "note"),
        damaged=sum(int(e["lines"]) for e in events if e["kind"] == "damaged"),
    )


def _first(events: Events, kind: str) -> dict[str, Any]:
    return next((event for event in events if event["kind"] == kind), {})


def _outcome(end: dict[str, Any], *, running: bool) -> Outcome:
    if not end:
        return Outcome.RUNNING if running else Outcome.KILLED
    if end["exit_code"] == Exit.OK:
        return Outcome.OK
    return Outcome.INTERRUPTED if end["exit_code"] == Exit.INTERRUPTED else Outcome.FAILED


def _reached(events: Events) -> str:
    """Name the phase that was at work or waited for last; in a batch, the one whose task came last."""
    worked = [e for e in events if e["kind"] in _WORK and e.get("phase")]
    if worked and worked[-1]["kind"] == "phase_start":  # no task of the batch has begun: its first phase is up
        worked = [e for e in worked if e["kind"] == "phase_start" and e["at"] == worked[-1]["at"]][:1]
    return str(worked[-1]["phase"]) if worked else ""


def _phases(events: Events, zero: float, outcome: Outcome) -> tuple[PhaseRun, ...]:
    """Put what was planned, done and waited for together: in the order it began, then what never did, as planned."""
    planned = {str(step["phase"]): step for event in events if event["kind"] == "plan" for step in event["steps"]}
    titles = {name: str(step.get("title", "")) for name, step in planned.items()}
    for event in events:
        if event["kind"] in {"phase_start", "gate_start"}:
            titles.setdefault(str(event["phase"]), str(event.get("title", "")))
    fates: dict[str, Fate] = {}
    spans: dict[str, list[Span]] = defaultdict(list)
    tasks: dict[str, list[TaskRun]] = defaultdict(list)
    for batch in batches(events, zero):
        fates |= batch.fates(outcome)
        for name, span in batch.spans().items():
            spans[name].append(span)
        for task in batch.tasks:
            tasks[task.phase].append(task)
    waits = gate_waits(events, zero)
    unapplied = Fate.NOT_NEEDED if outcome is Outcome.OK else Fate.NOT_REACHED
    phases = [
        PhaseRun(
            name=name,
            title=title,
            fate=fates.get(name, unapplied if name in planned else Fate.NOT_NEEDED),
            reasons=_shared(planned.get(name, {}).get("reasons", ())),
            spans=tuple(spans[name]),
            tasks=tuple(tasks[name]),
            waits=tuple(wait for wait in waits if wait.phase == name),
            opened=first_open(events, name, zero),
        )
        for name, title in titles.items()
    ]
    return tuple(sorted(phases, key=lambda phase: phase.began))


def _shared(reasons: Iterable[dict[str, Any]]) -> tuple[Shared, ...]:
    by_text: dict[str, list[str]] = {}
    for reason in reasons:
        by_text.setdefault(str(reason["text"]), []).append(str(reason.get("node") or ""))
    return tuple(Shared(text, tuple(nodes)) for text, nodes in by_text.items())
