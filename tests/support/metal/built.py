"""What the practice machine needs, built once per recipe into the user's cache and found there afterwards."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from blackstart import paths
from blackstart.lab.parts import downwards
from blackstart.lab.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from blackstart.lab.parts import Part


def ensure(wanted: Part, on_line: Callable[[str], None] = lambda _line: None) -> Path:
    """Return the folder of a part's files, built when it is not there (seconds are in its recipe)."""
    store = Store(paths.cache() / "metal")
    if made := store.find(wanted):
        return made.path
    with store.lock(partial(on_line, "another build for the practice machine is going on")):
        for part in downwards([wanted]):
            made = store.find(part) or store.make(part, on_line)
    if made is None:
        raise AssertionError(wanted.name)
    return made.path
