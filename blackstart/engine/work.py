"""One Ansible run under way: the steps that share it, from its start to its receipts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from blackstart.engine.plan import touches
from blackstart.engine.receipts import write_receipts
from blackstart.errors import BlackstartError, Exit, InterruptedRunError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from blackstart.engine.context import Context
    from blackstart.engine.plan import Todo
    from blackstart.step import Play, Step


class Work:
    """Steps whose plays run as one; `done` as soon as they have ended, well or not."""

    def __init__(
        self,
        context: Context,
        group: Sequence[tuple[Todo, Play]],
        variables: Mapping[str, Any],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start the run; it goes on in a process of its own."""
        self.steps: list[Step] = [todo.step for todo, _ in group]
        self._plays = [play for _, play in group]
        self._touched = frozenset[str]().union(*(touches(todo.step, play) for todo, play in group))
        self._context, self._clock, self._started = context, clock, clock()
        for step, play in zip(self.steps, self._plays, strict=True):
            context.journal.write(
                "phase_start", phase=step.name, title=step.title, nodes=list(play.limit), together=self.names
            )
        self._playing = context.runner().start(self._plays, variables)

    @property
    def names(self) -> list[str]:
        """The names of its steps."""
        return [step.name for step in self.steps]

    @property
    def done(self) -> bool:
        """Whether it has ended."""
        return self._playing.done.is_set()

    def touches(self, group: Sequence[tuple[Todo, Play]]) -> bool:
        """Tell whether others would work on something that this one works on."""
        return any(self._touched & touches(todo.step, play) for todo, play in group)

    def finish(self) -> None:
        """Write its receipts and its end into the journal; raises what the run failed with."""
        try:
            changed = self._playing.result()
        except BlackstartError as error:
            self._end("interrupted" if error.exit_code == Exit.INTERRUPTED else "failed", {})
            raise
        for healed in (healed for play in self._plays for healed in play.healed):
            self._context.journal.write("healed", what=healed.what, why=healed.why)
        observed = self._context.observer.latest
        write_receipts(self._context.fleet, self._context.desired, observed, self.steps, self._plays)
        self._end("ok", changed)

    def _end(self, status: str, changed: Mapping[str, int]) -> None:
        """Journal the end of each step; what the run changed and how long it took is said of all of them."""
        seconds = round(self._clock() - self._started, 1)
        whole = {"together": self.names, "status": status, "changed": changed, "seconds": seconds}
        for name in self.names:
            self._context.journal.write("phase_end", phase=name, **whole)

    @staticmethod
    def interrupt(works: Sequence[Work]) -> InterruptedRunError:
        """Have every run stop after what it is about, and return the error that says so."""
        for work in works:
            work._playing.signal()  # noqa: SLF001 - its own class
        for work in works:
            work._playing.stop()  # noqa: SLF001 - its own class
            work._end("interrupted", {})  # noqa: SLF001 - its own class
        return InterruptedRunError("interrupted while a role was running" if works else "interrupted")
