"""How long a build still takes: a simulation of its schedule.

The seconds of a part are those of its last build on this machine, else its recipe's, scaled by the pace of this build.
Heavy and other parts are scaled separately, since copying says nothing about compiling. The forecast end moves closer
only; when it has to move away, `late` says why.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from blackstart.lab.parts import Part

_BELIEF = 60.0  # weight of the planned seconds, so that the first short part does not decide the pace
_LATE, _LATE_SHARE = 60.0, 0.15  # smaller delays, also as a share of what is left, are not reported
_OVERDUE = 1.1  # an overdue part is expected to take this much of its time so far in total
_LAST = 1.0  # a running part takes at least this much longer


def longest_first(parts: Sequence[Part], seconds: Mapping[str, float]) -> list[Part]:
    """Sort parts by the longest path from each to the end of the build (pure); seconds are by name."""
    way = {part.key: seconds[part.name] for part in parts}
    for part in reversed(parts):
        for needed in part.inputs:
            if needed.key in way:
                way[needed.key] = max(way[needed.key], seconds[needed.name] + way[part.key])
    return sorted(parts, key=lambda part: -way[part.key])


class Forecast:
    """The forecast of one build. Times are of any monotonic clock."""

    def __init__(self, parts: Sequence[Part], measured: Mapping[str, float], now: float) -> None:
        """Start with all parts to do, inputs first; measured holds the seconds of earlier builds by name."""
        self.seconds = {part.name: measured.get(part.name, part.seconds) for part in parts}
        self.order = longest_first(parts, self.seconds)
        self.late = ""
        self._todo = {part.key: part for part in self.order}
        self._started: dict[str, float] = {}
        self._took: dict[Part, float] = {}
        self._end = now + self._play(now)

    def start(self, part: Part, now: float) -> None:
        """Note that a part is being built."""
        self._started[part.key] = now

    def finish(self, part: Part, now: float) -> float:
        """Note that a part is finished; return its seconds."""
        took = self._took[part] = now - self._started.pop(part.key)
        del self._todo[part.key]
        return took

    def left(self, now: float) -> float:
        """Return the seconds to go; `late` says why they are more than before, and is empty otherwise."""
        self.late = ""
        left = self._play(now)
        end, held = now + left, self._end - now
        if end > self._end + max(_LATE, held * _LATE_SHARE):
            self.late = self._why(now)
        elif end > self._end:
            return max(held, _LAST) if self._todo else 0.0
        self._end = end
        return left

    def _play(self, now: float) -> float:
        """Simulate the rest: one heavy part at a time beside one other, each when its inputs are finished."""
        pace = {heavy: self._pace(now, heavy=heavy) for heavy in (True, False)}
        done: dict[str, float] = {}
        free = {True: 0.0, False: 0.0}
        for key, begun in self._started.items():
            part = self._todo[key]
            took = now - begun
            planned = self.seconds[part.name] * pace[part.heavy]
            done[key] = max((planned if took < planned else took * _OVERDUE) - took, _LAST)
            free[part.heavy] = max(free[part.heavy], done[key])
        waiting = [part for part in self._todo.values() if part.key not in done]
        while waiting:
            begin, part = min(
                ((self._ready(part, done, free[part.heavy]), part) for part in waiting), key=lambda way: way[0]
            )
            waiting.remove(part)
            done[part.key] = free[part.heavy] = begin + self.seconds[part.name] * pace[part.heavy]
        return max(done.values(), default=0.0)

    def _ready(self, part: Part, done: Mapping[str, float], free: float) -> float:
        """Return when a part can start; infinity while an input has no end yet."""
        needs = (done.get(needed.key, float("inf")) for needed in part.inputs if needed.key in self._todo)
        return max(free, *needs, 0.0)

    def _pace(self, now: float, *, heavy: bool) -> float:
        """Return the factor by which parts of a kind exceed their planned seconds, an overdue one included."""
        spent = expected = _BELIEF
        for part, took in self._took.items():
            if part.heavy is heavy:
                spent, expected = spent + took, expected + self.seconds[part.name]
        for key, begun in self._started.items():
            part, took = self._todo[key], now - begun
            if part.heavy is heavy and took > self.seconds[part.name] * spent / expected:
                spent, expected = spent + took, expected + self.seconds[part.name]
        return spent / expected

    def _why(self, now: float) -> str:
        """Name the part that exceeds its planned seconds most, preferably a running one."""
        running = {self._todo[key]: now - begun for key, begun in self._started.items()}
        for verb, found in (("has taken", running), ("took", self._took)):
            behind = {part: took - self.seconds[part.name] for part, took in found.items()}
            part = max(behind, key=lambda part: behind[part], default=None)
            if part is not None and behind[part] > 0:
                return f"{part.title} {verb} {found[part]:.0f} s, planned were {self.seconds[part.name]:.0f} s"
        return "parts wait for each other longer than planned"
