"""Hashes of what a phase would do today: its roles, its playbook and the variables it is given.

A receipt from an earlier run that carries another hash is a reason to run the phase again. The hash is only ever
compared; nothing is decided from its being equal without looking at the node as well.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from blackstart import paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from blackstart.bundle.manifest import Bundle

_PACKAGE = Path(__file__).parents[1]
_SHARED = _PACKAGE / "ansible"
# What judges disks for an action plugin decides as much as the plugin itself.
_JUDGES = (_PACKAGE / "disks", _PACKAGE / "probe" / "node")


def inputs(
    phases: Iterable[str],
    hostvars: Mapping[str, Mapping[str, Any]],
    bundle: Bundle | None,
    sources: Sequence[Path],
) -> dict[tuple[str, str], str]:
    """Return the hash by (phase, node), and by (phase, "") for the cluster as a whole.

    Only variables that the phase's playbook names, or its role owns, count: a new Git branch is no reason to touch
    the kernel's settings. Files of the inventories that a variable names count by their content.
    """
    files = {} if bundle is None else bundle.files
    addresses = sorted((node, str(variables.get("ansible_host"))) for node, variables in hostvars.items())
    pinned = json.dumps([addresses, sorted(files.items()), sorted(bundle.versions.items()) if bundle else []])
    found: dict[tuple[str, str], str] = {}
    for phase in phases:
        text = (paths.share() / "playbooks" / f"{phase}.yml").read_text()
        code = _code(phase)
        mine = {node: _variables(phase, text, variables, sources) for node, variables in hostvars.items()}
        for node, plain in mine.items():
            found[phase, node] = _digest(code, pinned, plain)
        found[phase, ""] = _digest(code, pinned, *(mine[node] for node in sorted(mine)))
    return found


def _variables(phase: str, text: str, variables: Mapping[str, Any], sources: Sequence[Path]) -> str:
    named = set(re.findall(r"[a-z_]+", text))
    mine = {name: value for name, value in variables.items() if name in named or name.startswith(f"{phase}_")}
    return json.dumps([mine, [_content(value, sources) for value in _strings(mine)]], sort_keys=True, default=str)


def _strings(value: Any) -> list[str]:  # noqa: ANN401 - any YAML value
    if isinstance(value, dict):
        return [text for _, entry in sorted(value.items()) for text in _strings(entry)]
    if isinstance(value, list):
        return [text for entry in value for text in _strings(entry)]
    return [value] if isinstance(value, str) else []


def _content(name: str, sources: Sequence[Path]) -> str:
    files = [source / name for source in sources if "\n" not in name and (source / name).is_file()] if name else []
    return _digest(*(hashlib.sha256(file.read_bytes()).hexdigest() for file in files)) if files else ""


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _code(phase: str) -> str:
    """Hash the phase's playbook, the roles that it names, their shared modules, and bootstrap/, which roles render.

    The judges are hashed for those roles alone whose action plugin asks them.
    """
    playbook = paths.share() / "playbooks" / f"{phase}.yml"
    folders = [paths.share() / "roles" / role for role in _roles(yaml.safe_load(playbook.read_text()))]
    plugins = [file for folder in folders for file in (folder / "action_plugins").glob("*.py")]
    judges = _JUDGES if any("blackstart.disks" in file.read_text() for file in plugins) else ()
    digest = hashlib.sha256(playbook.read_bytes())
    for folder in [*folders, _SHARED, paths.share() / "bootstrap", *judges]:
        for file in _files(folder):
            digest.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in {".md", ".pyc"})


def _roles(plays: list[dict[str, Any]]) -> list[str]:
    entries = [entry for play in plays for entry in play.get("roles", [])]
    return [entry["role"] if isinstance(entry, dict) else entry for entry in entries]
