"""Time for tests: it passes only while somebody waits."""

from __future__ import annotations

from blackstart.power import waits


class Clock:
    """Time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    @property
    def times(self) -> waits.Time:
        return waits.Time(self, self.sleep)
