"""Hashes of what a phase would do today: its roles, its playbook and the variables it is given.

A receipt from an earlier run that carries another hash is a reason to run the phase again. The hash is only ever
compared; nothing is decided from its being equal without looking at the node as well.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import yaml

from blackstart import paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from blackstart.bundle.manifest import Bundle


def inputs(
    phases: Iterable[str], hostvars: Mapping[str, Mapping[str, Any]], bundle: Bundle | None
) -> dict[tuple[str, str], str]:
    """Return the hash by (phase, node), and by (phase, "") for the cluster as a whole."""
    files = {} if bundle is None else bundle.files
    pinned = json.dumps([sorted(files.items()), sorted(bundle.versions.items()) if bundle else []])
    found: dict[tuple[str, str], str] = {}
    for phase in phases:
        code = _code(phase)
        for node, variables in hostvars.items():
            found[phase, node] = _digest(code, pinned, _plain(variables))
        found[phase, ""] = _digest(code, pinned, *(_plain(hostvars[node]) for node in sorted(hostvars)))
    return found


def _plain(variables: Mapping[str, Any]) -> str:
    # How a node is reached does not change what is put on it.
    kept = [name for name in variables if not name.startswith("ansible_") or name == "ansible_host"]
    mine = {name: variables[name] for name in kept}
    return json.dumps(mine, sort_keys=True, default=str)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _code(phase: str) -> str:
    """Hash the phase's playbook, the roles that it names, and bootstrap/, which roles render."""
    playbook = paths.share() / "playbooks" / f"{phase}.yml"
    folders = [paths.share() / "roles" / role for role in _roles(yaml.safe_load(playbook.read_text()))]
    digest = hashlib.sha256(playbook.read_bytes())
    for folder in [*folders, paths.share() / "bootstrap"]:
        for file in _files(folder):
            digest.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in {".md", ".pyc"})


def _roles(plays: list[dict[str, Any]]) -> list[str]:
    entries = [entry for play in plays for entry in play.get("roles", [])]
    return [entry["role"] if isinstance(entry, dict) else entry for entry in entries]
