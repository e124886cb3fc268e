"""The report as plain JSON values, for `report --json`: the same facts for scripts. Times in seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blackstart.report import figures
from blackstart.report.headline import headline

if TYPE_CHECKING:
    from blackstart.report.model import PhaseRun, Report, Wait


def document(report: Report) -> dict[str, Any]:
    """Return the report as one document."""
    return {
        "run": report.run,
        "verb": report.verb,
        "cluster": report.cluster,
        "blackstart": report.blackstart,
        "started": report.started,
        "headline": headline(report),
        "outcome": str(report.outcome),
        "exit_code": report.exit_code,
        "seconds": round(report.seconds, 1),
        "shares": {name: round(value, 1) for name, value in figures.shares(report)._asdict().items()},
        "changes": figures.changes(report),
        "nodes": list(report.nodes),
        "versions": report.versions,
        "phases": [_phase(phase) for phase in report.phases],
        "gates": [_gate(wait) for wait in report.waits],
        "healed": [{"what": what, "why": why} for what, why in report.healed],
        "slowest": [
            {"phase": slow.task.phase, "task": slow.task.task, "node": slow.task.node,
             "seconds": round(slow.task.span.seconds, 2)}
            for slow in figures.slowest(report)
        ],
        "errors": [error._asdict() for error in report.errors],
    }  # fmt: skip


def _phase(phase: PhaseRun) -> dict[str, Any]:
    changed: dict[str, int] = {}
    for task in phase.changed:
        changed[task.node] = changed.get(task.node, 0) + 1
    return {
        "phase": phase.name,
        "title": phase.title,
        "status": str(phase.fate),
        "seconds": round(phase.seconds, 1),
        "waited": round(phase.waited, 1),
        "changed": changed,
        "reasons": [{"text": reason.text, "nodes": list(reason.nodes)} for reason in phase.reasons],
    }


def _gate(wait: Wait) -> dict[str, Any]:
    return {"phase": wait.phase, "open": wait.open, "waited": round(wait.span.seconds, 1), "seen": wait.seen}
