"""The folder on the control machine that keeps snapshots: room before, proof after, and never a half-written one.

A snapshot arrives under another name, is proven, and only then gets its own; beside it lies a .json that says what it
is. Both have mode 0600, the folder 0700.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from ..text import replace
from .snapshot import PART, digest, shortage, surplus

if TYPE_CHECKING:
    from pathlib import Path


class NotWholeError(Exception):
    """What arrived is not what was sent."""


def ready(folder: Path, size: int) -> str:
    """Make the folder, remove what was cut off; return what room is missing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for path in folder.glob(f"*{PART}"):
        path.unlink()
    room = os.statvfs(folder)
    missing: str = shortage(size, room.f_bavail * room.f_frsize, f"{folder} on the control machine")
    return missing


def kept(folder: Path, name: str, facts: dict[str, Any], keep: int) -> list[str]:
    """Prove what arrived and give it its name; return the names of older ones that were removed.

    Raises NotWholeError, after what arrived was removed; the older ones are then kept.
    """
    arrived, path = folder / f"{name}{PART}", folder / name
    sha256, whole = digest(arrived)
    if sha256 != facts["sha256"] or not whole:
        size = arrived.stat().st_size
        arrived.unlink()
        raise NotWholeError(
            f"{name} arrived with sha256 {sha256} and {size} bytes; wanted: {facts['sha256']} and {facts['size']}. "
            "It was removed, and older snapshots are kept; run it again"
        )
    arrived.chmod(0o600)
    replace(path.with_suffix(".json"), json.dumps({"name": name, **facts}, indent=2) + "\n", 0o600, PART)
    _flush(arrived)
    arrived.replace(path)
    _flush(folder)
    old: list[str] = surplus([entry.name for entry in folder.iterdir()], keep)
    for stale in old:
        (folder / stale).unlink()
        (folder / stale).with_suffix(".json").unlink(missing_ok=True)
    return old


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
