"""What is built: a graph of parts. The cache key of each part is a hash of its recipe and its inputs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blackstart.engine import process

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

FORMAT = 1  # of all parts; raising it invalidates the whole cache


@dataclass(frozen=True, slots=True)
class Room:
    """Where a part is made: an empty folder for its files, one for scratch, its inputs by name, a sink for output.

    groups holds the process group of the running command, for a thread that has to stop it.
    """

    out: Path
    work: Path
    inputs: Mapping[str, Path]
    on_line: Callable[[str], None]
    groups: set[int] = field(default_factory=set)

    def run(
        self, argv: Sequence[str | os.PathLike[str]], *, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        """Run a command whose lines go to the part's log; it is killed with this process, also by kill -9."""
        tied = ["setpriv", "--pdeathsig", "TERM", "--", *argv]
        try:
            process.follow(tied, self.on_line, cwd=cwd, env=env, on_start=self.groups.add)
        finally:
            self.groups.clear()


@dataclass(frozen=True, eq=False)
class Part:
    """One thing to build: `name` is for people and for inputs of other parts, `recipe` (JSON data) for the cache.

    seconds is a cold build on two cores, for the forecast only. heavy parts use all cores and are built one at a time.
    digests records the SHA-256 of each file, for parts that go into a bundle.
    """

    name: str
    title: str
    seconds: float
    recipe: Mapping[str, Any]
    make: Callable[[Room], None]
    inputs: tuple[Part, ...] = ()
    heavy: bool = False
    digests: bool = False

    @cached_property
    def key(self) -> str:
        """The part's cache key; cheap, because no built file is read for it."""
        document = [FORMAT, self.name, self.recipe, [part.key for part in self.inputs]]
        return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()

    @property
    def slug(self) -> str:
        """The name as a file name."""
        return self.name.replace("/", "-").replace(":", "-")


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file as it was when its part was finished; sha256 is empty unless the part asks for digests."""

    size: int
    mtime_ns: int
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """A finished part: its folder, and its regular files by relative path."""

    path: Path
    files: Mapping[str, FileRecord] = field(default_factory=dict)


def code_of(*modules: str) -> str:
    """Return a hash of the named modules' source files: for recipes that are code rather than data."""
    folder = Path(__file__).parent
    digest = hashlib.sha256()
    for name in modules:
        digest.update((folder / f"{name}.py").read_bytes())
    return digest.hexdigest()


def texts_below(folder: Path) -> dict[str, str]:
    """Return every file below a folder of this package by relative path: recipe data, and what to install."""
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


def downwards(wanted: Iterable[Part]) -> Iterator[Part]:
    """Yield each part once, inputs before those that need them."""
    seen: set[str] = set()

    def visit(part: Part) -> Iterator[Part]:
        if part.key not in seen:
            seen.add(part.key)
            for needed in part.inputs:
                yield from visit(needed)
            yield part

    for part in wanted:
        yield from visit(part)
