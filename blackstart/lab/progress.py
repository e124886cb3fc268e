"""What a build reports: one frozen picture after each event and every few seconds, and the words for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from blackstart.words import some

if TYPE_CHECKING:
    from collections.abc import Mapping

_MINUTES_FROM = 90


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a build.

    planned has the estimated seconds of each part that has to be built, in order, and is empty when none has; `done`
    counts those finished, `now` holds the titles being built, left the estimated seconds to go, and late says why those
    are more than before. line is the newest line of output, if that was the event; finished and took name the part that
    has just been finished, and its seconds.
    """

    planned: Mapping[str, float]
    done: int = 0
    now: tuple[str, ...] = ()
    left: float = 0.0
    line: str = ""
    finished: str = ""
    took: float = 0.0
    late: str = ""

    @property
    def standing(self) -> str:
        """What is being built, how far the build is, and how long it still takes."""
        return f"{some(self.now) or 'finishing'}: {self.counted}"

    @property
    def counted(self) -> str:
        """How far the build is, and how long it still takes."""
        return f"{self.done} of {len(self.planned)}, about {duration(self.left)} left"


def duration(seconds: float) -> str:
    """Format a duration: "40 s", "3 min" (pure)."""
    return f"{seconds:.0f} s" if seconds < _MINUTES_FROM else f"{seconds / 60:.0f} min"
