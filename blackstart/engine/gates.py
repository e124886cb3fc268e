"""Which gates are waited for and for how long: the journal's account of it, and the end of patience."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blackstart.errors import GateTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from blackstart.engine.journal import Journal
    from blackstart.step import Look, Step

OPENINGS = 12  # times that a gate may open anew in one run; more means that something keeps breaking


@dataclass(slots=True)
class _Wait:
    """One gate that is waited for: since when, how long nothing was running meanwhile, and what was seen last."""

    since: float
    idle: float = 0.0
    seen: str = ""


class Gates:
    """Follows the gates of a run's steps from look to look."""

    def __init__(
        self,
        journal: Journal,
        deadline: Callable[[Step], float],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`deadline` says how many seconds a step's gate may stay closed while nothing runs that could open it."""
        self._journal = journal
        self._deadline = deadline
        self._clock = clock
        self._last, self._running = clock(), False  # at the look before
        self._waits: dict[str, _Wait] = {}
        self._opened: dict[str, int] = {}
        self._applied: dict[str, Step] = {}  # applied, and not seen open yet

    def applied(self, steps: Sequence[Step]) -> None:
        """Take note of steps that were just applied: the first look that finds their gate open is journaled.

        The time until now was theirs, and counts for no gate.
        What goes on by itself on the nodes (an image import) ends while something else is at work, and nobody waits.
        """
        self._applied |= {step.name: step for step in steps}
        self._last = self._clock()

    def follow(
        self, steps: Sequence[Step], looks: Mapping[str, Look], awaited: Collection[str], *, running: bool
    ) -> None:
        """Take in a look: `awaited` are the steps whose closed gates nothing else stands in the way of.

        `running` tells whether a play runs from now on, until the next look.
        Raises GateTimeoutError with what was seen last and where to look.
        """
        now = self._clock()
        idle = 0.0 if self._running else now - self._last
        self._last, self._running = now, running
        for step in steps:
            look = looks[step.name]
            if look.open:
                self._open(step, look, now)
            elif step.name in awaited:
                self._closed(step, look, now, idle)

    def _open(self, step: Step, look: Look, now: float) -> None:
        if self._applied.pop(step.name, None):
            self._journal.write("gate_look", phase=step.name, open=True, seen=look.seen)
        if wait := self._waits.pop(step.name, None):
            self._opened[step.name] = self._opened.get(step.name, 0) + 1
            self._end(step, look, now - wait.since, passed=True)

    def _closed(self, step: Step, look: Look, now: float, idle: float) -> None:
        if self._opened.get(step.name, 0) > OPENINGS:
            raise GateTimeoutError(
                f"{step.name} keeps opening and closing; last seen: {look.seen}",
                hint="something keeps breaking: `blackstart status` shows it, and the report of this run how it went",
            )
        wait = self._waits.get(step.name)
        if wait is None:
            wait = self._waits[step.name] = _Wait(now)
            self._journal.write("gate_start", phase=step.name, title=step.title)
        else:
            wait.idle += idle
        if look.seen != wait.seen:
            wait.seen = look.seen
            self._journal.write("gate_look", phase=step.name, open=False, seen=look.seen)
        if wait.idle > (allowed := self._deadline(step)):
            self._end(step, look, now - wait.since, passed=False)
            raise GateTimeoutError(
                f"{step.name} timed out after {allowed:.0f} s; last seen: {look.seen}",
                hint="`blackstart status` shows the whole cluster; the report of this run shows each gate. "
                "Mend what it names and run the same command again",
            )

    def _end(self, step: Step, look: Look, seconds: float, *, passed: bool) -> None:
        self._journal.write("gate_end", phase=step.name, open=passed, seconds=round(seconds, 1), seen=look.seen)
