"""What happened, in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.errors import Exit
from blackstart.report.figures import changes, shares
from blackstart.report.model import Fate, Outcome
from blackstart.report.words import count, duration

if TYPE_CHECKING:
    from blackstart.report.model import Report

# The phase whose success makes a cluster out of machines.
_BIRTH = "control_plane"


def headline(report: Report) -> str:
    """Say it."""
    match report.outcome:
        case Outcome.OK:
            return _well(report)
        case Outcome.FAILED:
            return _stopped(report)
        case Outcome.INTERRUPTED:
            return f"Interrupted {_where(report)}after {duration(report.seconds)}; run it again to go on"
        case Outcome.KILLED:
            return f"Killed {_where(report)}after {duration(report.seconds)}; run it again to go on"
        case Outcome.RUNNING:
            return f"Still running: {_where(report)}after {duration(report.seconds)}"


def _well(report: Report) -> str:
    took = duration(report.seconds)
    done = [phase.name for phase in report.applied]
    if report.only:
        return f"Repaired {report.only} in {took}" if done else f"Nothing to repair in {report.only}, seen in {took}"
    nodes = count(len(report.nodes), "node")
    if _BIRTH in done:
        return f"Cold start: {nodes}, dark → healthy in {took}"
    if not done and not report.waits:
        return f"Nothing to do: {nodes} ready and the cluster healthy, seen in {took}"
    if not done:
        return f"Nothing to change: waited {duration(shares(report).waiting)} until the cluster was healthy"
    if report.healed:
        return f"Back to healthy in {took}: {count(len(report.healed), 'thing')} healed"
    return f"Brought to healthy in {took}: {count(len(done), 'phase')} applied, {count(changes(report), 'change')}"


def _stopped(report: Report) -> str:
    took = duration(report.seconds)
    where = report.reached
    match report.exit_code:
        case Exit.INPUT:
            return f"Stopped at the input after {took}: nothing was touched" if not where else _stop(where, took)
        case Exit.REFUSED:
            return f"Refused{' at ' + where if where else ''} after {took}: going on would have risked data or quorum"
        case Exit.UNREACHABLE if not where:
            return f"Stopped before anything was touched: a node or the API did not answer ({took})"
        case Exit.TIMEOUT if shut := [wait for wait in report.waits if not wait.open]:
            return f"Stopped at {shut[-1].phase}: not true after {duration(shut[-1].span.seconds)} of waiting"
        case _:
            return _broke(report, took)


def _broke(report: Report, took: str) -> str:
    """Name the task and the nodes when a task is to blame."""
    broken = [phase for phase in report.phases if phase.fate is Fate.FAILED]
    bad = [task for phase in broken for task in phase.tasks if task.status in {"failed", "unreachable"}]
    if not bad:
        return _stop(report.reached, took) if report.reached else f"Stopped after {took}"
    nodes = ", ".join(dict.fromkeys(task.node for task in bad))
    what = "lost" if bad[-1].status == "unreachable" else "a task failed on"
    return f"Stopped at {bad[-1].phase} after {took}: {what} {nodes}"


def _stop(where: str, took: str) -> str:
    return f"Stopped at {where} after {took}"


def _where(report: Report) -> str:
    return f"at {report.reached} " if report.reached else ""
