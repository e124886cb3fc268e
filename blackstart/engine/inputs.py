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
from blackstart.engine import carrier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from blackstart.bundle.manifest import Bundle

_PACKAGE = Path(__file__).parents[1]
# What judges for an action plugin decides as much as the plugin itself.
_JUDGES = ("disks", "ceph")
_SENT = re.compile(r'\bthrough\([^"]*"([\w.]+)"')  # a program that an action plugin has run on the node
# The one written in C is five times as fast; not every build of PyYAML has it.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TASKS = ("pre_tasks", "tasks", "post_tasks")
_BOOTSTRAP = re.compile(r"\bbootstrap/([\w-]+)")


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
    """Hash what a phase runs: its playbook, the roles that it names, and what of other rooms these use."""
    share = paths.share()
    playbook = share / "playbooks" / f"{phase}.yml"
    plays = yaml.load(playbook.read_text(), Loader=_LOADER)  # noqa: S506 - both are safe
    own = [playbook, *(file for role in _roles(plays) for file in _files(share / "roles" / role))]
    digest = hashlib.sha256()
    for file in [*own, *_used(own, share)]:
        base = share if file.is_relative_to(share) else _PACKAGE
        digest.update(str(file.relative_to(base)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _used(own: Sequence[Path], share: Path) -> list[Path]:
    """Return what a playbook and its roles use of bootstrap/, blackstart/ansible, the judges and blackstart/node."""
    text = "\n".join(file.read_text(errors="replace") for file in own)
    folders = sorted({*_BOOTSTRAP.findall(text)})
    modules = [file for file in _files(_PACKAGE / "ansible" / "modules") if file.stem in text]
    judges = [name for name in _JUDGES if f"from blackstart.{name}" in text]
    base = [_PACKAGE / "ansible" / "action.py"] if "from blackstart.ansible.action" in text else []
    python = [*modules, *(file for file in own if file.suffix == ".py")]
    node = {name for file in python for name in carrier.reached(file)}
    node |= {name for program in _SENT.findall(text) for name in carrier.closure(program)}
    return [
        *(file for name in folders for file in _files(share / "bootstrap" / name)),
        *modules,
        *base,
        *(file for name in judges for file in _files(_PACKAGE / name)),
        *(carrier.source(name) for name in sorted(node)),
    ]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix not in {".md", ".pyc"})


def _roles(plays: list[dict[str, Any]]) -> list[str]:
    """Return the roles that plays name, in order: those of a play, and those that its tasks include."""
    entries = [entry for play in plays for entry in play.get("roles", [])]
    tasks = [task for play in plays for part in _TASKS for task in play.get(part, [])]
    included = [
        task["ansible.builtin.include_role"]["name"] for task in tasks if "ansible.builtin.include_role" in task
    ]
    return list(dict.fromkeys([*(e["role"] if isinstance(e, dict) else e for e in entries), *included]))
