"""Steps and builds on the screen: a moving line on a terminal, one line per finished step elsewhere."""

from __future__ import annotations

import os
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from rich.progress import Progress as Bar

    from blackstart.lab.progress import Progress


def is_live() -> bool:
    """Say whether standard error is a terminal that can redraw a line."""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say(text: str) -> None:
    """Print a line for the person, apart from results on standard output."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Show what is being done while the block runs, and how long it took."""
    started = time.monotonic()
    if is_live():
        from rich.console import Console

        with Console(stderr=True, highlight=False).status(title):
            yield
    else:
        yield
    say(f"[{time.monotonic() - started:6.1f} s] {title}")


class BuildDisplay:
    """Shows a build: a bar with what is being built and the estimated time left, or a line per finished part."""

    def __init__(self, title: str, *, verbose: bool) -> None:
        """Show nothing until there is something to build; verbose shows every line of output."""
        self._title = title
        self._started = time.monotonic()
        self._verbose = verbose
        self._announced = False
        self._bar: Bar | None = None

    def __enter__(self) -> Self:
        """Take over the terminal's last line, if it is one."""
        if is_live():
            from rich.console import Console
            from rich.progress import BarColumn, SpinnerColumn, TextColumn
            from rich.progress import Progress as Bar

            columns = (SpinnerColumn(), BarColumn(bar_width=30), TextColumn("{task.description}", markup=False))
            self._bar = Bar(*columns, console=Console(stderr=True, highlight=False), transient=True)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the terminal back, and say how long it took if it was done."""
        if self._bar:
            self._bar.stop()
        if error is None:
            say(f"[{time.monotonic() - self._started:6.1f} s] {self._title}")

    def __call__(self, progress: Progress) -> None:
        """Show one picture of the build."""
        if progress.planned and not self._announced:
            self._announced = True
            say(f"{len(progress.planned)} parts to build, about {minutes(progress.left)}")
        if progress.finished:
            say(f"[{progress.took:6.1f} s] {progress.finished} ({left(progress)})")
        elif progress.line and (self._verbose or not progress.planned):
            say(progress.line)
        if self._bar and progress.planned:
            if not self._bar.tasks:
                self._bar.add_task("", total=len(progress.planned))
            self._bar.update(self._bar.tasks[0].id, completed=progress.done, description=now(progress))


def now(progress: Progress) -> str:
    """Say what is being built and how long is left (pure)."""
    return f"{', '.join(progress.now) or 'finishing'}: {left(progress)}"


def left(progress: Progress) -> str:
    """Say how far a build is (pure)."""
    return f"{progress.done} of {len(progress.planned)}, about {minutes(progress.left)} left"


def minutes(seconds: float) -> str:
    """Say a time as people do: "40 s", "3 min" (pure)."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"  # noqa: PLR2004 - a minute and a half
