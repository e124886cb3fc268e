"""Small text files: read without failing, and written so that a power cut leaves the old one or the new one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def read(path: Path) -> str:
    """Return a file's text without surrounding white space; empty when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""


def write(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file and flush it to the disk; it has its mode, which may be for secrets, before its content."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        os.fchmod(descriptor, mode)
        stream.write(text)
        stream.flush()
        os.fsync(descriptor)


def replace(path: Path, text: str, mode: int, suffix: str = ".blackstart-new") -> None:
    """Replace a file at once: write it beside the old one, under a name with a suffix, and rename it."""
    new = path.with_name(path.name + suffix)
    write(new, text, mode)
    new.replace(path)
