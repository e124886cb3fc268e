"""Who worked when. Phases that share one Ansible run have its time shared out among them here.

The journal's own phase_end says the whole run's seconds for each of them, so adding those up counts time twice; what
tells phases apart is when their first task began.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from blackstart.report.model import Fate, Outcome, Span, TaskRun

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_BAD = {"failed", "unreachable"}


@dataclass(slots=True)
class Batch:
    """Phases that began together; open until each has had its phase_end."""

    start: float
    end: float = 0.0
    titles: dict[str, str] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)  # phase -> status
    begun: dict[str, float] = field(default_factory=dict)  # phase -> its first task
    tasks: list[TaskRun] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether every phase of it has ended."""
        return set(self.ended) >= set(self.titles)

    def spans(self) -> dict[str, Span]:
        """Share the time out: each phase from its first task to the next one's; Ansible's own start goes to the first.

        The spans of a batch add up to the batch. A phase that no task began has none.
        """
        order = sorted(self.begun, key=lambda name: self.begun[name]) or list(self.titles)[:1]
        starts = [self.start, *(self.begun[name] for name in order[1:])]
        ends = [*starts[1:], self.end]
        return {name: Span(a, b) for name, a, b in zip(order, starts, ends, strict=True)}

    def fates(self, outcome: Outcome) -> dict[str, Fate]:
        """Say what became of each phase; when the batch did not end well, one of them is where it broke."""
        if self.whole and all(status == "ok" for status in self.ended.values()):
            return dict.fromkeys(self.titles, Fate.DONE)
        fate = _ENDS[next((s for s in self.ended.values() if s != "ok"), str(outcome))]
        worked = list(self.spans())
        blamed = {task.phase for task in self.tasks if task.status in _BAD} if fate is Fate.FAILED else set()
        broke = next((name for name in worked if name in blamed), worked[-1])
        fates = dict.fromkeys(self.titles, Fate.NOT_REACHED) | dict.fromkeys(worked, Fate.RAN) | {broke: fate}
        return fates | {name: Fate.DONE for name, status in self.ended.items() if status == "ok"}


_ENDS = {
    "failed": Fate.FAILED,
    "interrupted": Fate.INTERRUPTED,
    "killed": Fate.KILLED,
    "running": Fate.RUNNING,
    "ok": Fate.DONE,
}


def batches(events: Iterable[dict[str, Any]], zero: float) -> list[Batch]:
    """Gather phases and their tasks from the journal, times counted from zero; batches may overlap."""
    found: list[Batch] = []
    last = 0.0
    for event in events:
        last = float(event["at"]) - zero
        kind = event["kind"]
        if kind == "phase_start":
            _batch_of(found, event, last).titles[str(event["phase"])] = str(event.get("title", ""))
        elif found and kind == "phase_end":
            batch = _at_work(found, str(event["phase"]))
            batch.ended[str(event["phase"])] = str(event.get("status", "failed"))
            batch.end = last
        elif found and kind in {"task_start", "task"}:
            _take(_at_work(found, str(event.get("phase") or "")), event, last)
    for batch in found:
        if not batch.whole:
            batch.end = last
    return found


def _batch_of(found: list[Batch], event: dict[str, Any], at: float) -> Batch:
    """Return the batch that a phase begins in: that of the others which it says it begins with."""
    phase, together = str(event["phase"]), event.get("together")
    newest = found[-1] if found else None
    fresh = newest is not None and not (newest.ended or newest.begun or phase in newest.titles)
    # Journals of older versions do not say who began together: neighbours did.
    if newest is not None and fresh and (together is None or set(newest.titles) <= set(together)):
        return newest
    found.append(Batch(start=at))
    return found[-1]


def _at_work(found: list[Batch], phase: str) -> Batch:
    """Return the newest batch that has this phase and has not ended, else the newest one that has not."""
    going = [batch for batch in found if not batch.whole] or found[-1:]
    return next((batch for batch in reversed(going) if phase in batch.titles), going[-1])


def _take(batch: Batch, event: dict[str, Any], at: float) -> None:
    seconds = float(event.get("seconds") or 0.0)
    phase = str(event.get("phase") or "")
    if phase not in batch.titles:  # a play that names no phase belongs to whichever is at work
        phase = _latest(batch)
    batch.begun.setdefault(phase, max(batch.start, at - seconds))
    if event["kind"] == "task":
        text = {name: str(event.get(name, "")) for name in ("role", "task", "node", "status")}
        batch.tasks.append(TaskRun(phase=phase, span=Span(max(0.0, at - seconds), at), **text))


def _latest(batch: Batch) -> str:
    names: Sequence[str] = list(batch.begun) or list(batch.titles)
    return names[-1] if batch.begun else names[0]
