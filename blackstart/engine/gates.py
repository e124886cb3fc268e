"""Waiting: a gate is looked at until it opens, says what it saw last, or runs out of time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from blackstart.errors import GateTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from blackstart.engine.journal import Journal
    from blackstart.engine.observer import Observer
    from blackstart.model.cluster import Cluster
    from blackstart.phases.base import Look, Phase

PAUSE = 1.0  # seconds between looks; a look itself takes about as long on a busy machine
ROUNDS = 12  # times that all gates are gone through until one look finds all of them open


class Gates:
    """Awaits the gates of phases on the newest observation."""

    def __init__(
        self,
        desired: Cluster,
        observer: Observer,
        journal: Journal,
        timeouts: Mapping[str, float],
        *,
        mend: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Look through observer; timeouts says by phase how many seconds its gate may take; time comes from outside.

        mend is called after each look that found a gate closed: some trouble shows only while one waits (a pod that a
        power cut left broken). It returns whether it did something, and then has looked anew.
        """
        self._desired = desired
        self._observer = observer
        self._journal = journal
        self._timeouts = timeouts
        self._mend = mend
        self._clock = clock
        self._sleep = sleep
        self._pending: dict[str, Phase] = {}  # applied, and not seen open yet

    def applied(self, phases: Sequence[Phase]) -> None:
        """Keep an eye on phases that were just applied: the first look that finds a gate open is journaled.

        What goes on by itself on the nodes (an image import) ends while something else is at work, and nobody waits.
        """
        self._pending |= {phase.name: phase for phase in phases}
        self._notice()

    def _notice(self) -> None:
        for phase in tuple(self._pending.values()):
            look = phase.gate(self._desired, self._observer.latest)
            if look.open:
                del self._pending[phase.name]
                self._journal.write("gate_look", phase=phase.name, open=True, seen=look.seen)

    def wait(self, phases: Sequence[Phase], *, enough: bool = False) -> bool:
        """Await each gate in order; return whether anything had to be waited for (so that it was looked at anew).

        With enough, a gate need not be open where what is seen suffices for the phases that need it.
        Raises GateTimeoutError with what was seen last and where to look.
        """
        waited = False
        for phase in phases:
            waited |= self._wait_one(phase, enough=enough)
        return waited

    def settle(self, phases: Sequence[Phase]) -> None:
        """Await all gates until one look finds every one of them open.

        A gate may close again while a later one is awaited: after a power-on the API first shows the day before.
        Raises GateTimeoutError as wait() does, and when gates close again and again.
        """
        for _ in range(ROUNDS):
            if not self.wait(phases):
                return
        looks = {phase.name: phase.gate(self._desired, self._observer.latest) for phase in phases}
        said = "; ".join(f"{name}: {look.seen}" for name, look in looks.items() if not look.open)
        raise GateTimeoutError(
            f"gates open and close again and again; last seen: {said or 'all are open'}",
            hint="something keeps breaking: `blackstart status` shows it, and the report of this run how it went",
        )

    def _wait_one(self, phase: Phase, *, enough: bool) -> bool:
        look = phase.gate(self._desired, self._observer.latest)
        if look.suffices if enough else look.open:
            return False
        started = self._clock()
        timeout = self._timeouts[phase.name]
        self._journal.write("gate_start", phase=phase.name, title=phase.title)
        seen = ""
        while True:
            if look.seen != seen:
                seen = look.seen
                self._journal.write("gate_look", phase=phase.name, open=False, seen=seen)
            if self._clock() - started > timeout:
                self._end(phase, look, started, passed=False)
                raise GateTimeoutError(
                    f"{phase.name} did not come true in {timeout:.0f} s; last seen: {look.seen}",
                    hint="`blackstart status` shows the whole cluster; the report of this run shows each gate. "
                    "Mend what it names and run the same command again",
                )
            if not self._mend():
                self._sleep(PAUSE)
                self._observer.look()
            look = phase.gate(self._desired, self._observer.latest)
            self._notice()
            if look.suffices if enough else look.open:
                break
        self._end(phase, look, started, passed=True)
        return True

    def _end(self, phase: Phase, look: Look, started: float, *, passed: bool) -> None:
        seconds = round(self._clock() - started, 1)
        self._journal.write("gate_end", phase=phase.name, open=passed, seconds=seconds, seen=look.seen)
