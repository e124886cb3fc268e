"""What a build tells about itself: one frozen picture after each event, for a bar, for lines, or for a test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blackstart.lab.parts import Part


@dataclass(frozen=True, slots=True)
class Planned:
    """One part that has to be built, and its estimated seconds."""

    name: str
    title: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Progress:
    """A build at one moment.

    planned is what has to be built, in order, and empty when nothing has; `done` counts those finished, `now` holds
    the titles being built, left the estimated seconds to go. line is the newest line of output, if that was the event;
    finished and took name the part that has just been finished, and its seconds.
    """

    planned: tuple[Planned, ...]
    done: int = 0
    now: tuple[str, ...] = ()
    left: float = 0.0
    line: str = ""
    finished: str = ""
    took: float = 0.0


class Estimate:
    """Seconds to go, from the recipes' own figures scaled by how this machine has kept to them so far.

    Heavy parts run one at a time beside the others, so the longer of the two rows is what is left.
    """

    def __init__(self, parts: list[Part]) -> None:
        """Start with every part still to do."""
        self._waiting = {part.name: part for part in parts}
        self._started: dict[str, float] = {}
        self._expected = 0.0
        self._spent = 0.0

    def start(self, part: Part, now: float) -> None:
        """Note that a part is being built; now is in seconds of any clock that only goes forward."""
        self._started[part.name] = now

    def finish(self, part: Part, now: float) -> float:
        """Note that a part is finished; return its seconds."""
        took = now - self._started.pop(part.name)
        del self._waiting[part.name]
        self._expected += part.seconds
        self._spent += took
        return took

    def left(self, now: float) -> float:
        """Return the estimated seconds to go."""
        # Half a minute of belief in the figures, so that the first short part does not decide.
        pace = (self._spent + 30) / (self._expected + 30)
        rows = {True: 0.0, False: 0.0}
        for name, part in self._waiting.items():
            spent = now - self._started[name] if name in self._started else 0.0
            rows[part.heavy] += max(part.seconds * pace - spent, 1.0)
        return max(rows.values())
