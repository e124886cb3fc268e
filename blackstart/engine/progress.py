"""What a person sees while a run goes on: where it is, what it waits for, how long it took.

On a terminal one live line below the finished ones; elsewhere plain lines, one per change. Both read the journal's
events, so the screen and the report cannot disagree.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any, Protocol, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable

_MARKS = {"ok": "done", "failed": "FAILED", "interrupted": "stopped"}


class Progress(Protocol):
    """Takes the journal's events."""

    def __call__(self, event: dict[str, Any]) -> None:
        """Show one event."""

    def close(self) -> None:
        """Give the terminal back."""


def progress(*, verbose: bool, stream: TextIO = sys.stderr) -> Progress:
    """Return the display that fits the stream; NO_COLOR and dumb terminals get plain lines."""
    if stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb":
        return Live(verbose=verbose)
    return Plain(stream, verbose=verbose)


def line(event: dict[str, Any], *, verbose: bool) -> str:
    """Say an event in one line; empty when it is not worth one (pure)."""
    match event["kind"]:
        case "plan":
            steps = event["steps"]
            text = f"plan: {', '.join(step['phase'] for step in steps)}" if steps else "plan: nothing to do"
        case "phase_start":
            text = f"{event['phase']}: {event['title']}"
        case "phase_end":
            # Phases that share one Ansible run end as one.
            together = event.get("together", [event["phase"]])
            if event["phase"] != together[-1]:
                return ""
            changed = sum(event["changed"].values())
            text = f"{', '.join(together)}: {_MARKS[event['status']]} in {event['seconds']:.1f} s"
            text += f", {changed} change{'s' * (changed != 1)}" if changed else ""
        case "gate_look" if not event["open"]:
            text = f"{event['phase']}: waiting: {event['seen']}"
        case "gate_end" if event["open"] and event["seconds"] > 1:
            text = f"{event['phase']}: {event['seen']} after {event['seconds']:.1f} s"
        case "healed":
            text = f"healed: {event['what']}: {event['why']}"
        case "note":
            text = str(event["text"])
        case "task" if verbose or event["status"] in {"failed", "unreachable"}:
            where = f"{event['node']}: {event['role']}: {event['task']}"
            text = f"  {event['status']:<8} {where} ({event['seconds']:.1f} s)"
        case _:
            text = ""
    return text


class Plain:
    """Lines with the seconds since the start, for logs and pipes."""

    def __init__(self, stream: TextIO, *, verbose: bool, clock: Callable[[], float] = time.monotonic) -> None:
        """Write to stream."""
        self._stream = stream
        self._verbose = verbose
        self._clock = clock
        self._start = clock()

    def __call__(self, event: dict[str, Any]) -> None:
        """Write the event's line, if it has one."""
        if text := line(event, verbose=self._verbose):
            self._stream.write(f"[{self._clock() - self._start:6.1f} s] {text}\n")
            self._stream.flush()

    def close(self) -> None:
        """Nothing to give back."""


class Live:
    """Finished lines scroll up; the last line shows the present task or wait with a running clock."""

    def __init__(self, *, verbose: bool) -> None:
        """Take over the terminal's last line."""
        from rich import console as rich_console  # noqa: PLC0415 - rich costs 0.1 s that a pipe need not pay
        from rich import progress as rich_progress  # noqa: PLC0415 - the same

        self._verbose = verbose
        console = rich_console.Console(stderr=True, highlight=False)
        self._bar = rich_progress.Progress(
            rich_progress.SpinnerColumn(),
            rich_progress.TimeElapsedColumn(),
            rich_progress.TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task("looking at the nodes", total=None)
        self._bar.start()

    def __call__(self, event: dict[str, Any]) -> None:
        """Move the live line along, and print what is finished above it."""
        text = line(event, verbose=self._verbose)
        if event["kind"] == "task_start":
            self._bar.update(self._task, description=f"{event['phase']}: {event['task']}")
        elif event["kind"] in {"phase_start", "gate_look"} and text:
            self._bar.update(self._task, description=text)
        elif text:
            elapsed = self._bar.tasks[0].elapsed or 0.0
            self._bar.console.print(f"[{elapsed:6.1f} s] {text}", markup=False, soft_wrap=True)

    def close(self) -> None:
        """Remove the live line."""
        self._bar.stop()
