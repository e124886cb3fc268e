"""The cache of finished parts: ROOT/<key>/{files,record.json}, complete or not there.

A part is made in a temporary folder beside its final one and renamed. record.json names every file with its size and
time of change, so an entry that was changed afterwards is built again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from blackstart.lab.parts import FileRecord, Made, Room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from blackstart.lab.parts import Part

_UNUSED_DAYS = 30
_TEMPORARY = ".tmp-"
_SECONDS = "seconds.json"


class Store:
    """The parts below one folder. make() needs lock(); find() does not."""

    def __init__(self, root: Path) -> None:
        """Access nothing yet."""
        self.root = root

    @contextmanager
    def lock(self, on_wait: Callable[[], None]) -> Iterator[None]:
        """Hold the store for one build; on_wait is called once when another build holds it.

        Temporary folders that a killed build left are removed.
        """
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                on_wait()
                fcntl.flock(handle, fcntl.LOCK_EX)
            self._clean()
            yield

    def find(self, part: Part) -> Made | None:
        """Return the part if it exists and its files are unchanged since it was finished."""
        entry = self.root / part.key
        try:
            record = json.loads((entry / "record.json").read_text())
            files = {name: FileRecord(*values) for name, values in record["files"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        if dict(_look(entry / "files")) != {name: (file.size, file.mtime_ns) for name, file in files.items()}:
            return None
        os.utime(entry / "record.json")  # used today: see _clean
        return Made(entry / "files", files)

    def make(self, part: Part, on_line: Callable[[str], None], groups: set[int] | None = None) -> Made:
        """Build a part whose inputs are there; whatever was at its address before is replaced.

        groups, when given, holds the process group of the command that is running (see Room).
        """
        temporary = Path(tempfile.mkdtemp(prefix=f"{_TEMPORARY}{part.key[:12]}-", dir=self.root))
        try:
            for name in ("files", "work"):
                (temporary / name).mkdir()
            inputs = {needed.name: self.root / needed.key / "files" for needed in part.inputs}
            groups = groups if groups is not None else set()
            part.make(Room(temporary / "files", temporary / "work", inputs, on_line, groups))
            shutil.rmtree(temporary / "work")
            return self._keep(part, temporary)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise

    def seconds(self) -> dict[str, float]:
        """Return how long each part took when it was last built here, by name."""
        try:
            found = json.loads((self.root / _SECONDS).read_text())
            return {str(name): float(took) for name, took in found.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}  # a first build; a broken file is ignored as well, since it serves a forecast only

    def keep_seconds(self, part: Part, took: float) -> None:
        """Keep how long a part took."""
        fresh = self.root / f"{_SECONDS}.part"
        fresh.write_text(json.dumps({**self.seconds(), part.name: round(took, 1)}, indent=1, sort_keys=True))
        fresh.replace(self.root / _SECONDS)

    def _keep(self, part: Part, temporary: Path) -> Made:
        folder = temporary / "files"
        files = {
            name: FileRecord(size, mtime_ns, _sha256(folder / name) if part.digests else "")
            for name, (size, mtime_ns) in _look(folder)
        }
        record = {
            "name": part.name,
            "files": {name: [file.size, file.mtime_ns, file.sha256] for name, file in files.items()},
        }
        # Data before the rename: after a power cut the folder must not hold empty files.
        os.sync()
        (temporary / "record.json").write_text(json.dumps(record))
        entry = self.root / part.key
        shutil.rmtree(entry, ignore_errors=True)
        temporary.chmod(0o755)
        temporary.rename(entry)
        return Made(entry / "files", files)

    def _clean(self) -> None:
        oldest = time.time() - _UNUSED_DAYS * 86400
        for entry in self.root.iterdir():
            record = entry / "record.json"
            unused = record.exists() and record.stat().st_mtime < oldest
            if entry.is_dir() and (unused or entry.name.startswith(_TEMPORARY)):
                # A linker of a build that was killed may still write its last file: then the next build removes it.
                shutil.rmtree(entry, ignore_errors=True)


def _look(folder: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    for parent, _folders, names in os.walk(folder):
        for name in sorted(names):
            path = os.path.join(parent, name)  # noqa: PTH118 - ten thousand files: strings are several times faster
            seen = os.lstat(path)
            yield path[len(str(folder)) + 1 :], (seen.st_size, seen.st_mtime_ns)


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
