"""Laying a bundle out of finished files: hard links where the disk allows, bundle.json last."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict
from typing import TYPE_CHECKING, NamedTuple

from blackstart.bundle.manifest import FORMAT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from blackstart.bundle.manifest import Image

_DESCRIPTION = "bundle.json"


class Content(NamedTuple):
    """One file of a bundle: where it is now, its SHA-256 and its size in bytes."""

    source: Path
    sha256: str
    size: int


def write_bundle(
    path: Path,
    *,
    versions: Mapping[str, str],
    images: Sequence[Image],
    packages: Mapping[str, str],
    contents: Mapping[str, Content],
) -> None:
    """Make path a bundle of exactly these files (by relative name); nothing is touched when it already is.

    A bundle without bundle.json is none: it goes first and comes last, so an interrupted write is never trusted.
    """
    document = {
        "format": FORMAT,
        "versions": dict(versions),
        "images": [asdict(image) for image in images],
        "packages": dict(packages),
        "files": {name: {"sha256": file.sha256, "size": file.size} for name, file in sorted(contents.items())},
    }
    text = json.dumps(document, indent=1) + "\n"
    description = path / _DESCRIPTION
    if _text(description) == text and all(_same(path / name, file.source) for name, file in contents.items()):
        return
    path.mkdir(parents=True, exist_ok=True)
    description.unlink(missing_ok=True)
    _remove_strangers(path, contents)
    for name, file in contents.items():
        if not _same(path / name, file.source):
            _place(file.source, path / name)
    temporary = path / f".{_DESCRIPTION}"
    temporary.write_text(text)
    temporary.replace(description)


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""


def _same(file: Path, source: Path) -> bool:
    """Say whether a file is the source, by hard link or, on another disk, by size and time of change."""
    try:
        mine, other = file.stat(), source.stat()
    except OSError:
        return False
    if (mine.st_dev, mine.st_ino) == (other.st_dev, other.st_ino):
        return True
    return mine.st_dev != other.st_dev and (mine.st_size, mine.st_mtime_ns) == (other.st_size, other.st_mtime_ns)


def _place(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    if source.stat().st_dev == target.parent.stat().st_dev:
        os.link(source, target)
    else:
        shutil.copy2(source, target)


def _remove_strangers(path: Path, contents: Mapping[str, Content]) -> None:
    for entry in sorted(path.rglob("*"), reverse=True):
        if entry.is_dir() and not entry.is_symlink():
            if not any(entry.iterdir()):
                entry.rmdir()
        elif str(entry.relative_to(path)) not in contents:
            entry.unlink()
