"""Where in the inventory's files a value stands, so that a problem can name file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from blackstart.model import variables
from blackstart.model.documents import folder_of
from blackstart.model.problem import Problem, Severity, shorten, spell

if TYPE_CHECKING:
    from pathlib import Path

    from blackstart.model.documents import Documents
    from blackstart.model.problem import Finding, Keys


def place(documents: Documents, finding: Finding, severity: Severity = Severity.ERROR) -> Problem:
    """Turn a finding into a problem: the place is where the value that counts is set, else where it belongs."""
    file, line = _set(documents, finding) or _named(documents, finding) or _belongs(documents, finding)
    return Problem(shorten(file), line, spell(finding.keys), finding.message, finding.hint, severity)


def _set(documents: Documents, finding: Finding) -> tuple[Path, int] | None:
    for layer in sorted(documents.layers, key=lambda layer: layer.rank, reverse=True):
        if layer.kind == "host" and finding.node not in ("", layer.name):
            continue
        if line := _line(layer.node, finding.keys):
            return layer.file, line
    return None


def _named(documents: Documents, finding: Finding) -> tuple[Path, int] | None:
    """Return where hosts.yml names the group that the finding is about, or a node whose address is missing."""
    if not finding.keys or finding.keys[0] not in variables.known():
        return documents.named.get(("host", finding.node)) or documents.named.get(("group", spell(finding.keys)))
    return None


def _belongs(documents: Documents, finding: Finding) -> tuple[Path, int]:
    """Return the file that a missing value belongs in, of the first inventory: overlays change only what differs."""
    folder = folder_of(documents.sources[0])
    name = str(finding.keys[0]) if finding.keys else ""
    topics = variables.of_cluster()
    if name in topics:
        return folder / "group_vars" / "all" / f"{topics[name].file}.yml", 0
    if finding.node and name != "ansible_host":
        return folder / "host_vars" / f"{finding.node}.yml", 0
    return documents.named.get(("host", finding.node), (folder / "hosts.yml", 0))


def _line(node: yaml.Node, keys: Keys) -> int:
    """Return the line of the value that keys lead to, or of the last one found on the way; 0 if not even the first."""
    line = 0
    for key in keys:
        if isinstance(node, yaml.MappingNode):
            # The last of two equal keys is the one that counts.
            found = next(((name, value) for name, value in reversed(node.value) if name.value == str(key)), None)
        elif isinstance(node, yaml.SequenceNode) and isinstance(key, int) and key < len(node.value):
            found = (node.value[key], node.value[key])
        else:
            found = None
        if found is None:
            return line
        line, node = found[0].start_mark.line + 1, found[1]
    return line
