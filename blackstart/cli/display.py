"""Steps and builds on the screen: a moving line on a terminal; elsewhere a line per step, and one every 30 s."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from rich.progress import Progress as Bar

QUIET_SECONDS = 25.0  # looked at every second: a pipe hears something at least every 30 s
_LOOK_SECONDS = 1.0


def is_live() -> bool:
    """Say whether standard error is a terminal that can redraw a line."""
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say(text: str) -> None:
    """Print a line for the person, apart from results on standard output."""
    print(text, file=sys.stderr, flush=True)


class Pulse:
    """Prints what is running whenever nothing was printed for a while: a silent log looks like a hang."""

    def __init__(self, text: Callable[[], str], clock: Callable[[], float] = time.monotonic) -> None:
        """Start the clock; `text` is called when it is time, and may be empty."""
        self._text = text
        self._clock = clock
        self._said = clock()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def say(self, line: str) -> None:
        """Print a line and restart the clock."""
        self._said = self._clock()
        say(line)

    def beat(self) -> None:
        """Print what is running if it is time."""
        if self._clock() - self._said >= QUIET_SECONDS and (text := self._text()):
            self.say(text)

    def __enter__(self) -> Self:
        """Start to check the clock every second."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(_LOOK_SECONDS):
            self.beat()


@contextmanager
def step(title: str) -> Iterator[None]:
    """Show what is being done while the block runs, and how long it took."""
    started = time.monotonic()
    if is_live():
        from rich.console import Console

        with Console(stderr=True, highlight=False).status(title):
            yield
    else:
        with Pulse(lambda: f"{title}: still running after {time.monotonic() - started:.0f} s"):
            yield
    say(f"[{time.monotonic() - started:6.1f} s] {title}")


class Meter:
    """Long work: a progress bar on a terminal; elsewhere lines, with a heartbeat while there are none."""

    def __init__(self, title: str) -> None:
        """Show nothing until there is something to count."""
        self._title = title
        self._started = time.monotonic()
        self._bar: Bar | None = None
        self._text = ""
        self._pulse = Pulse(lambda: self._text)

    def __enter__(self) -> Self:
        """Take over the terminal's last line, if it is one."""
        if is_live():
            from rich.console import Console
            from rich.progress import BarColumn, SpinnerColumn, TextColumn
            from rich.progress import Progress as Bar

            columns = (SpinnerColumn(), BarColumn(bar_width=30), TextColumn("{task.description}", markup=False))
            self._bar = Bar(*columns, console=Console(stderr=True, highlight=False), transient=True)
            self._bar.start()
        else:
            self._pulse.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Restore the terminal, and print how long it took if it succeeded."""
        if self._bar:
            self._bar.stop()
        else:
            self._pulse.__exit__()
        if error is None:
            say(f"[{time.monotonic() - self._started:6.1f} s] {self._title}")

    def say(self, line: str) -> None:
        """Print a line that stays."""
        self._pulse.say(line)

    def show(self, text: str, done: int, total: int) -> None:
        """Show what is being done, and how much of it is done."""
        self._text = text
        if self._bar and total:
            if not self._bar.tasks:
                self._bar.add_task("", total=total)
            self._bar.update(self._bar.tasks[0].id, completed=done, description=text)
