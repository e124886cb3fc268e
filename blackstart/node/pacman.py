"""What pacman installed: its local database read as folders, and whether an installation brought what it had to."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DATABASE = Path("/var/lib/pacman/local")
PARTS = 3  # name, version, release


def installed(database: Path = DATABASE) -> dict[str, str]:
    """Return every installed package and its version without Arch's release; empty where there is no pacman.

    pacman keeps a folder <name>-<version>-<release> of each (alpm-db layout, lib/libalpm/be_local.c).
    """
    return _split(folder.name for folder in database.glob("*-*-*"))


def versions(folders: Iterable[str]) -> dict[str, str]:
    """Return upstream's version of each package out of the database's folders (pure); an epoch is left out."""
    return {name: version.rpartition(":")[2] for name, version in _split(folders).items()}


def _split(folders: Iterable[str]) -> dict[str, str]:
    parts = (folder.rsplit("-", PARTS - 1) for folder in folders)
    return {part[0]: part[1] for part in parts if len(part) == PARTS}


def wrong_packages(wanted: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """Return a sentence for each package that is not at its version (pure)."""
    said = []
    for name, version in wanted.items():
        want, have = version.removeprefix("v"), found.get(name)
        if have != want:
            said.append(f"{name} is {f'at {have}' if have else 'not installed'}, wanted: {want}")
    return said


def wrong_programs(paths: Iterable[str]) -> list[str]:
    """Return a sentence for each path that is not a regular, executable file."""
    said = []
    for path in map(Path, paths):
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            said.append(f"{path} is not there")
            continue
        if not stat.S_ISREG(mode):
            kind = f"a link to {path.readlink()}" if stat.S_ISLNK(mode) else "no regular file"
            said.append(f"{path} is {kind}, wanted: the program itself")
        elif not mode & stat.S_IXUSR:
            said.append(f"{path} is not executable")
    return said
