"""The roles as files: their names, defaults and tasks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())


def load(path: Path) -> Any:
    """Return what a YAML file of the repository says; fail when it is missing."""
    assert path.is_file(), f"{path.relative_to(ROOT)} is missing"
    return yaml.safe_load(path.read_text())


def defaults_of(role: str) -> dict[str, Any]:
    """Return a role's defaults; a role whose variables are all required needs no file of them."""
    path = ROOT / "roles" / role / "defaults/main.yml"
    return (yaml.safe_load(path.read_text()) if path.is_file() else None) or {}


def tasks(found: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Return every task, those in blocks as well."""
    for task in found or []:
        yield task
        for part in ("block", "rescue", "always"):
            yield from tasks(task.get(part, []))
