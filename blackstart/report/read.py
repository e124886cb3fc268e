"""Where runs are and what their journals say. A run that was killed leaves half a last line, which is fine."""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blackstart.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

JOURNAL = "journal.jsonl"


def read_journal(folder: Path) -> list[dict[str, Any]]:
    """Return a run's events; lines that are no event are left out and counted in a last event of kind "damaged".

    Raises InputError when there is no journal or it may not be read.
    """
    path = folder / JOURNAL
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror or error}",
            hint="`blackstart report --list` shows the runs that have a journal",
        ) from error
    lines = text.splitlines()
    events = [event for event in map(_event, lines) if event is not None]
    if lines and _event(lines[-1]) is None:
        lines.pop()  # the half line of a killed run is expected, and no damage
    if damaged := sum(_event(line) is None for line in lines):
        events.append({"at": events[-1]["at"] if events else 0.0, "kind": "damaged", "lines": damaged})
    return events


def _event(line: str) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except ValueError:
        return None
    sound = isinstance(event, dict) and isinstance(event.get("kind"), str) and isinstance(event.get("at"), int | float)
    return event if sound else None


def run_folders(clusters: Sequence[Path]) -> list[Path]:
    """Return the folders of all runs below the clusters' state folders, oldest first (names begin with the time)."""
    found = (path.parent for cluster in clusters for path in (cluster / "runs").glob(f"*/{JOURNAL}"))
    return sorted(found, key=lambda folder: folder.name)


def find_run(clusters: Sequence[Path], name: str) -> Path:
    """Return one run's folder: by its name, by the beginning of it when that is enough, by its path, or the latest.

    Raises InputError with the nearest names when there is none, or when several begin so.
    """
    folders = run_folders(clusters)
    if not name and folders:
        return folders[-1]
    if not name:
        looked = ", ".join(str(cluster / "runs") for cluster in clusters) or "no cluster has been worked on yet"
        raise InputError(f"there is no run to report on: {looked}", hint="`blackstart up` makes one")
    given = Path(name)
    if given.name == JOURNAL:
        given = given.parent
    if (given / JOURNAL).is_file():
        return given
    fitting = [folder for folder in folders if folder.name == name] or [
        folder for folder in folders if folder.name.startswith(name)
    ]
    if len(fitting) == 1:
        return fitting[0]
    raise InputError(_unknown(name, [folder.name for folder in fitting]), hint=_nearest(name, folders))


def _unknown(name: str, fitting: Sequence[str]) -> str:
    return f"{len(fitting)} runs begin with {name}: {', '.join(fitting)}" if fitting else f"there is no run {name}"


def _nearest(name: str, folders: Sequence[Path]) -> str:
    names = [folder.name for folder in folders]
    if not names:
        return "there is no run at all yet; `blackstart up` makes one"
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5) or names[-1:]
    return f"did you mean {' or '.join(near)}? `blackstart report --list` shows all {len(names)}"
