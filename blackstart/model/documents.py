"""The inventory's YAML files with their line numbers: what is broken in them, and which variables stand where."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import yaml

from blackstart.model.problem import Problem, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SUFFIXES = frozenset({"", ".yml", ".yaml", ".json"})  # what Ansible reads below group_vars and host_vars
_FOLDERS = {"group_vars": "group", "host_vars": "host"}
# No part of the inventory, though beside it: what the seed phase applies (ansible.cfg leaves it out as well).
_BESIDE = frozenset({"seed", *_FOLDERS})
_GROUP_KEYS = ("hosts", "vars", "children")
_VAULT = "$ANSIBLE_VAULT"


class Layer(NamedTuple):
    """The variables that one file sets for a group or a host. The highest rank counts, as in Ansible."""

    rank: tuple[int, ...]
    kind: str  # group or host
    name: str
    file: Path
    node: yaml.MappingNode


@dataclass(slots=True)
class Documents:
    """All files of the inventories, weakest first.

    named says where hosts.yml names each (kind, name); broken are problems that keep Ansible from reading it at all,
    doubtful are those that Ansible passes over in silence or with a warning. secret says that a file is encrypted,
    so what Ansible makes of it must not be kept.
    """

    sources: tuple[Path, ...]
    files: list[Path] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    named: dict[tuple[str, str], tuple[Path, int]] = field(default_factory=dict)
    broken: list[Problem] = field(default_factory=list)
    doubtful: list[Problem] = field(default_factory=list)
    secret: bool = False

    def group_value(self, name: str) -> str:
        """Return a plain value that is set for the group all; empty when there is none."""
        for layer in sorted(self.layers, reverse=True, key=lambda layer: layer.rank):
            if (layer.kind, layer.name) == ("group", "all"):
                for key, value in layer.node.value:
                    if key.value == name and isinstance(value, yaml.ScalarNode):
                        return str(value.value)
        return ""


def folder_of(source: Path) -> Path:
    """Return the folder whose group_vars and host_vars belong to an inventory, which may be a file in it."""
    return source if source.is_dir() else source.parent


def read(sources: Sequence[Path]) -> Documents:
    """Read and parse all files of these inventories; problems are collected, not raised."""
    found = Documents(tuple(sources))
    for index, source in enumerate(sources):
        for file in _inventory_files(source):
            if (root := _root(found, file)) is not None:
                for key, value in root.value:
                    _group(found, file, index, key, value)
            elif not (found.secret or any(problem.file == shorten(file) for problem in found.broken)):
                message = "is empty, wanted: the group control_plane with its nodes"
                found.broken.append(Problem(shorten(file), 1, "", message, "was its writing cut off?"))
        for room, kind in _FOLDERS.items():
            for name, file in _variable_files(folder_of(source) / room):
                if (root := _root(found, file)) is not None:
                    level = 5 if kind == "host" else 2 if name == "all" else 3
                    found.layers.append(Layer((level, index, len(found.layers)), kind, name, file, root))
    _strangers(found)
    return found


def files_below(folder: Path) -> list[Path]:
    """Return all files below a folder, also those behind links to other folders, as Ansible does."""
    return sorted(
        Path(room, name)
        for room, _, names in os.walk(folder, followlinks=True)
        for name in names
        if Path(room, name).is_file()
    )


def _inventory_files(source: Path) -> list[Path]:
    if source.is_file():
        return [source]
    inner = (path for path in files_below(source) if path.suffix in SUFFIXES)
    return [path for path in inner if _BESIDE.isdisjoint(path.relative_to(source).parts)]


def _variable_files(room: Path) -> Iterator[tuple[str, Path]]:
    """Yield (group or host, file) below group_vars or host_vars, in the order in which Ansible reads them."""
    for file in files_below(room):
        inside = file.relative_to(room)
        if file.suffix in SUFFIXES and not any(part.startswith(".") for part in inside.parts):
            yield (inside.parts[0] if len(inside.parts) > 1 else file.stem), file


def _root(found: Documents, file: Path) -> yaml.MappingNode | None:
    """Parse one file; None when it is empty, encrypted or broken."""
    found.files.append(file)
    try:
        text = file.read_text(encoding="utf-8")
        if text.startswith(_VAULT):
            found.secret = True
            return None
        node: yaml.Node | None = yaml.compose(text, Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        found.broken.append(_unreadable(file, error))
        return None
    if isinstance(node, yaml.MappingNode):
        _twice(found, file, node, "")
        return node
    if node is not None and not _is_null(node):
        message = f"holds a {_kind(node)}, wanted keys and values"
        found.broken.append(Problem(shorten(file), 1, "", message, "write each value as `name: value`"))
    return None


def _unreadable(file: Path, error: OSError | UnicodeDecodeError | yaml.YAMLError) -> Problem:
    """Say why a file could not be parsed, and on which line."""
    match error:
        case OSError():
            return Problem(shorten(file), 0, "", f"cannot be read: {error.strerror}", "mend its permissions")
        case UnicodeDecodeError():
            line = error.object.count(b"\n", 0, error.start) + 1
            return Problem(shorten(file), line, "", f"is not UTF-8 text: {error.reason}", "save it as UTF-8")
        case yaml.MarkedYAMLError() if mark := error.problem_mark or error.context_mark:
            # A file that was cut off is wrong behind its end.
            line = min(mark.line + 1, max(1, len(file.read_text(encoding="utf-8").splitlines())))
            words = ", ".join(part for part in (error.context, error.problem) if part)
            return Problem(shorten(file), line, "", f"is not YAML: {words}", "was its writing cut off?")
    return Problem(shorten(file), 0, "", f"is not YAML: {error}", "was its writing cut off?")


def _is_null(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value in ("", "~", "null")


def _kind(node: yaml.Node) -> str:
    return "list" if isinstance(node, yaml.SequenceNode) else "single text"


def _twice(found: Documents, file: Path, node: yaml.Node, path: str) -> None:
    """Collect keys that one mapping has twice: YAML's readers keep the last and say nothing."""
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _twice(found, file, item, f"{path}[{index}]")
    if not isinstance(node, yaml.MappingNode):
        return
    first: dict[str, int] = {}
    for key, value in node.value:
        name, line = str(key.value), key.start_mark.line + 1
        spelled = f"{path}.{name}" if path else name
        if name in first:
            message = f"is set twice, first on line {first[name]}; wanted: once"
            found.doubtful.append(Problem(shorten(file), line, spelled, message, "take one of them out"))
        first.setdefault(name, line)
        _twice(found, file, value, spelled)


def _group(found: Documents, file: Path, source: int, key: yaml.Node, value: yaml.Node) -> None:
    """Walk one group of a hosts.yml: its variables, its hosts and theirs, its children."""
    name = str(key.value)
    found.named.setdefault(("group", name), (file, key.start_mark.line + 1))
    for word, content in _items(found, file, name, value):
        line = word.start_mark.line + 1
        if word.value not in _GROUP_KEYS:
            nearest = get_close_matches(str(word.value), _GROUP_KEYS, n=1)
            hint = f"did you mean {nearest[0]}?" if nearest else "a group has hosts, vars and children"
            message = f"is no part of the group {name}; Ansible would leave it out"
            found.doubtful.append(Problem(shorten(file), line, str(word.value), message, hint))
        elif word.value == "vars" and isinstance(content, yaml.MappingNode):
            level = 0 if name == "all" else 1
            found.layers.append(Layer((level, source, len(found.layers)), "group", name, file, content))
        elif word.value == "hosts":
            for host, inner in _items(found, file, f"{name}.hosts", content):
                found.named[("host", str(host.value))] = (file, host.start_mark.line + 1)
                if isinstance(inner, yaml.MappingNode):
                    rank = (4, source, len(found.layers))
                    found.layers.append(Layer(rank, "host", str(host.value), file, inner))
        else:
            for child, inner in _items(found, file, f"{name}.{word.value}", content):
                if word.value == "children":
                    _group(found, file, source, child, inner)


def _items(found: Documents, file: Path, name: str, node: yaml.Node) -> list[tuple[yaml.Node, yaml.Node]]:
    if isinstance(node, yaml.MappingNode):
        return list(node.value)
    if not _is_null(node):
        message = f"holds a {_kind(node)}, wanted keys and values"
        found.broken.append(
            Problem(shorten(file), node.start_mark.line + 1, name, message, "end each name with a colon")
        )
    return []


def _strangers(found: Documents) -> None:
    """Collect files for groups and hosts that no hosts.yml names: nothing would read them."""
    names = {kind: {name for key, name in found.named if key == kind} for kind in ("group", "host")}
    names["group"] |= {"all", "ungrouped"}
    ranges = any("[" in name for name in names["host"])  # node[1:3] names hosts without spelling them
    for layer in found.layers:
        if layer.name not in names[layer.kind] and not (ranges and layer.kind == "host"):
            nearest = get_close_matches(layer.name, sorted(names[layer.kind]), n=1)
            hint = f"did you mean {nearest[0]}?" if nearest else "rename it, or take it out"
            message = f"is for the {layer.kind} {layer.name}, which no hosts.yml names; nothing would read it"
            found.doubtful.append(Problem(shorten(layer.file), 0, "", message, hint))
