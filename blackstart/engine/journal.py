"""The run's journal: JSON lines outside the cluster, for the report and for people, never for decisions."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class Sink(Protocol):
    """Where events go; the second one beside the journal is the progress display."""

    def __call__(self, event: dict[str, Any]) -> None:
        """Take one event."""


class Journal:
    """Appends one JSON object per event to <folder>/journal.jsonl; safe to call from several threads."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Create the run's folder with mode 0700."""
        folder.mkdir(mode=0o700, parents=True)
        self.folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        self._file = (folder / "journal.jsonl").open("a", encoding="utf-8")
        self._sinks: list[Sink] = []

    def listen(self, sink: Sink) -> None:
        """Hand every later event to sink as well."""
        self._sinks.append(sink)

    def write(self, kind: str, **fields: Any) -> None:  # noqa: ANN401 - an event's fields are plain JSON values
        """Append one event; it is on disk (as far as the kernel goes) when this returns."""
        event = {"at": round(self._clock(), 3), "kind": kind, **fields}
        with self._lock:
            self._file.write(json.dumps(event, ensure_ascii=False) + "\n")
            self._file.flush()
            for sink in self._sinks:
                sink(event)

    def close(self) -> None:
        """Close the file; the journal takes no more events."""
        self._file.close()


def run_name(verb: str) -> str:
    """Name a run by its start in UTC and its verb, so that names sort by time."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"[:18] + f"-{verb}"
