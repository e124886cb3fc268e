"""Taking programs out of an unpacked Debian tree, each with exactly the libraries that it loads.

Images that carry a whole distribution take minutes to import on three nodes; these carry what is run.
"""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from blackstart.engine import process
from blackstart.errors import BlackstartError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from blackstart.lab.oci import Layer

_LIBRARIES = "usr/lib/x86_64-linux-gnu"
_LOADER = f"{_LIBRARIES}/ld-linux-x86-64.so.2"
_FOLDERS = ("usr/bin", "usr/sbin")
_ELF = b"\x7fELF"


class Userland:
    """A tree of unpacked packages, for amd64 and with merged /usr."""

    def __init__(self, tree: Path) -> None:
        """Read nothing yet."""
        self.tree = tree

    def program(self, name: str) -> str:
        """Return the path of a program in the tree, relative; BlackstartError when no package brought it."""
        for folder in _FOLDERS:
            if os.path.lexists(self.tree / folder / name):
                return f"{folder}/{name}"
        raise BlackstartError(f"no package brought the program {name}")

    def closure(self, paths: Iterable[str]) -> dict[str, Path]:
        """Return every file and link that the paths need, by relative path: themselves and their libraries."""
        found: dict[str, Path] = {}
        for path in paths:
            for step in self._steps(path):
                found[step] = self.tree / step
            for library in self._libraries(self.tree / step):
                found.update((step, self.tree / step) for step in self._steps(library))
        return found

    def below(self, folder: str, pattern: str = "*") -> list[str]:
        """Return the relative paths of files below a folder of the tree, by a glob pattern of their names."""
        return [
            str(path.relative_to(self.tree)) for path in sorted((self.tree / folder).rglob(pattern)) if path.is_file()
        ]

    def copy(self, layer: Layer, programs: Iterable[str], files: Iterable[str] = ()) -> None:
        """Put programs (by name) and files (by path) with what they need into a layer."""
        for path, source in self.closure([*(self.program(name) for name in programs), *files]).items():
            if source.is_symlink():
                layer.link(path, os.readlink(source))  # noqa: PTH115 - the text of the link, not a path
            else:
                layer.file(path, source, source.stat().st_mode & 0o777)

    def _steps(self, path: str) -> Iterator[str]:
        """Yield a path and, while it is a symbolic link, what it points to."""
        while True:
            yield path
            place = self.tree / path
            if not place.is_symlink():
                if not place.is_file():
                    raise BlackstartError(f"no package brought the file {path}")
                return
            target = PurePosixPath(os.readlink(place))  # noqa: PTH115 - the text of the link, not a path
            joined = str(target).lstrip("/") if target.is_absolute() else str(PurePosixPath(path).parent / target)
            path = os.path.normpath(joined)
            first, _, rest = path.partition("/")
            path = f"usr/{first}/{rest}" if first in {"bin", "lib", "lib64", "sbin"} else path

    def _libraries(self, file: Path) -> list[str]:
        with file.open("rb") as stream:
            if stream.read(len(_ELF)) != _ELF:
                return []
        # The tree's own loader lists what it would load, from the tree only; a static program has nothing to list.
        loader = [self.tree / _LOADER, "--inhibit-cache", "--library-path", self.tree / _LIBRARIES, "--list"]
        listed = process.run([*map(str, loader), str(file)], check=False)
        if listed.returncode != 0:
            if "statically linked" in listed.stdout + listed.stderr or "not a dynamic" in listed.stderr:
                return []
            raise BlackstartError(f"the libraries of {file.name} cannot be listed: {listed.stderr.strip()}")
        paths = [words[2] for words in map(str.split, listed.stdout.splitlines()) if words[1:2] == ["=>"]]
        strangers = [path for path in paths if not path.startswith(f"{self.tree}/")]
        if strangers or "not found" in listed.stdout:
            raise BlackstartError(f"{file.name} needs libraries that no package brought: {listed.stdout.strip()}")
        loaded = [os.path.normpath(Path(path).relative_to(self.tree)) for path in paths]
        return [*loaded, "usr/lib64/ld-linux-x86-64.so.2"]
