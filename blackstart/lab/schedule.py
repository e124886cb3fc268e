"""Building missing parts: heavy ones (compilers) one at a time, others beside them, the longest path first."""

from __future__ import annotations

import os
import queue
import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from blackstart.engine.process import ProcessError
from blackstart.errors import BlackstartError, Exit
from blackstart.lab.forecast import Forecast
from blackstart.lab.parts import downwards
from blackstart.lab.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from blackstart.lab.parts import Made, Part
    from blackstart.lab.store import Store

    Event: TypeAlias = tuple[Part, str | BaseException | None]

_TICK = 5.0  # seconds without an event after which the forecast is reported again


class PartFailedError(BlackstartError):
    """A part could not be built; the message names it and shows its last lines, the hint names its log."""

    exit_code = Exit.ROLE_FAILED


class _StoppedError(Exception):
    """Raised inside a worker when another part has failed or on Ctrl-C."""


def missing(wanted: Iterable[Part], store: Store, made: dict[str, Made]) -> list[Part]:
    """Return the parts to build, inputs first; existing parts are added to made by name.

    Inputs of existing parts are not checked.
    """
    leaves = list(wanted)
    asked = list(leaves)
    seen: set[str] = set()
    absent: set[str] = set()
    while asked:
        part = asked.pop()
        if part.key in seen:
            continue
        seen.add(part.key)
        if found := store.find(part):
            made[part.name] = found
        else:
            absent.add(part.key)
            asked.extend(part.inputs)
    return [part for part in downwards(leaves) if part.key in absent]


def build_parts(
    wanted: Iterable[Part], store: Store, logs: Path, report: Callable[[Progress], None]
) -> dict[str, Made]:
    """Return every wanted part by name, built where missing. The caller holds the store's lock.

    Raises PartFailedError for the first part that fails; nothing is started after it.
    """
    made: dict[str, Made] = {}
    todo = missing(wanted, store, made)
    if todo:
        logs.mkdir(parents=True, exist_ok=True)
        _Build(todo, store, logs, report, made).run()
    return made


class _Build:
    """One build: two workers, and this thread, which starts parts and reports."""

    def __init__(
        self, todo: list[Part], store: Store, logs: Path, report: Callable[[Progress], None], made: dict[str, Made]
    ) -> None:
        self._forecast = Forecast(todo, store.seconds(), time.monotonic())
        self._waiting = list(self._forecast.order)
        self._planned = {part.name: self._forecast.seconds[part.name] for part in todo}
        self._store, self._logs, self._report, self._made = store, logs, report, made
        self._absent = {part.key for part in todo}
        self._running: dict[str, tuple[Part, threading.Thread]] = {}
        self._groups: dict[str, set[int]] = {}
        self._events: queue.Queue[Event] = queue.Queue()
        self._stop = threading.Event()

    def run(self) -> None:
        try:
            self._start_ready()
            while self._running:
                try:
                    part, event = self._events.get(timeout=_TICK)
                except queue.Empty:
                    self._tell()  # the forecast changes while a compiler prints nothing
                    continue
                if isinstance(event, str):
                    self._tell(line=event)
                elif event is None:
                    self._finish(part)
                else:
                    raise self._failure(part, event) from event
        finally:
            self._end_commands()

    def _end_commands(self) -> None:
        """Stop what is still being built after a failure or Ctrl-C."""
        self._stop.set()
        for group in [group for groups in self._groups.values() for group in groups]:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGTERM)
        for _part, thread in self._running.values():
            thread.join(timeout=5)

    def _start_ready(self) -> None:
        for part in list(self._waiting):
            busy = any(running.heavy == part.heavy for running, _ in self._running.values())
            if busy or any(needed.key in self._absent for needed in part.inputs):
                continue
            self._waiting.remove(part)
            # A daemon thread: if it hangs, the process can still end, and its commands with it (Room.run).
            thread = threading.Thread(target=self._work, args=(part,), daemon=True)
            self._running[part.name] = (part, thread)
            self._groups[part.name] = set()
            self._forecast.start(part, time.monotonic())
            thread.start()
        self._tell()

    def _work(self, part: Part) -> None:
        try:
            with self._log(part).open("w") as log:

                def on_line(line: str) -> None:
                    if self._stop.is_set():
                        raise _StoppedError  # noqa: TRY301 - it ends the command that printed the line
                    log.write(line + "\n")
                    self._events.put((part, line))

                self._made[part.name] = self._store.make(part, on_line, self._groups[part.name])
        except BaseException as error:  # noqa: BLE001 - it is raised again in the thread that waits
            self._events.put((part, error))
        else:
            self._events.put((part, None))

    def _finish(self, part: Part) -> None:
        took = self._forecast.finish(part, time.monotonic())
        self._store.keep_seconds(part, took)
        del self._running[part.name]
        self._absent.discard(part.key)
        self._tell(finished=part.title, took=took)
        self._start_ready()

    def _log(self, part: Part) -> Path:
        return self._logs / f"{part.slug}.log"

    def _failure(self, part: Part, error: BaseException) -> BaseException:
        if not isinstance(error, (BlackstartError, OSError)):
            return error
        lines = error.output.strip().splitlines()[-12:] if isinstance(error, ProcessError) else [str(error)]
        hint = (
            error.hint if isinstance(error, BlackstartError) and error.hint else "what is finished is kept: try again"
        )
        return PartFailedError(
            f"{part.title} could not be built:\n" + "\n".join(lines), hint=f"{hint}; log: {self._log(part)}"
        )

    def _tell(self, *, line: str = "", finished: str = "", took: float = 0.0) -> None:
        done = len(self._planned) - len(self._waiting) - len(self._running)
        now = tuple(part.title for part, _thread in self._running.values())
        left = self._forecast.left(time.monotonic())
        self._report(Progress(self._planned, done, now, left, line, finished, took, self._forecast.late))
