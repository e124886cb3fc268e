"""All that is wrong with a desired state, at once, each with its file and line; touches nothing but files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from blackstart import paths
from blackstart.errors import InputError
from blackstart.model import documents, variables
from blackstart.model.cluster import Cluster, Node
from blackstart.model.draft import draft, nearest
from blackstart.model.places import place
from blackstart.model.problem import Finding, Problem, Severity, shorten
from blackstart.model.rules import RULES, texts, versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from blackstart.bundle.manifest import Bundle
    from blackstart.model.documents import Documents
    from blackstart.model.draft import Draft

    HostVars = Mapping[str, Mapping[str, Any]]
# What nothing reads but the installation of a machine.
_FOR_INSTALLATION = frozenset({"board_serial", "disks", "nic_lan", "nic_storage"})


def check(sources: Sequence[Path], hostvars: HostVars, bundle: Bundle | InputError | None = None) -> list[Problem]:
    """Return every problem, in the order of files and lines; `hostvars` are merge.read()'s of the same sources.

    Versions are compared with the bundle, if there is one; an error instead of it is one problem more.
    """
    read, typed = documents.read(sources), draft(hostvars)
    findings = [*typed.findings, *texts.templates(hostvars)]
    findings += [finding for rule in RULES for finding in rule(typed)]
    if isinstance(bundle, InputError):
        findings.append(Finding((variables.BUNDLE,), bundle.message, bundle.hint))
    elif bundle is not None:
        findings += versions.in_bundle(typed, bundle)
    problems = {place(read, finding) for finding in findings}
    problems |= {place(read, finding, _weight(finding, typed)) for finding in texts.placeholders(hostvars)}
    return sorted({*problems, *read.broken, *read.doubtful, *_unknown(read)})


def _weight(placeholder: Finding, typed: Draft) -> Severity:
    """Say whether a value still to fill in stops the next start, or only the installation of a machine."""
    name = placeholder.keys[0]
    waits = name in _FOR_INSTALLATION and name in typed.nodes[placeholder.node]
    return Severity.PLACEHOLDER if waits else Severity.ERROR


def complete(hostvars: HostVars) -> Cluster | None:
    """Return the cluster, or None when a value that it cannot do without is missing or of another type (pure)."""
    typed = draft(hostvars)
    if typed.values.keys() != variables.of_cluster().keys():
        return None
    if any(values.keys() != variables.of_node().keys() for values in typed.nodes.values()):
        return None
    topics = {
        topic.field: topic.model(**{field: typed.values[topic.prefix + field] for field in topic.model.model_fields})
        for topic in variables.TOPICS
    }
    own = {field: typed.values[f"cluster_{field}"] for field in variables.OWN}
    members = tuple(Node(name=name, **values) for name, values in typed.nodes.items())
    return Cluster(**own, **topics, nodes=members, bundle_path=_bundle_path(hostvars))


def _bundle_path(hostvars: HostVars) -> Path:
    """Return the folder of the bundle: bundle_path, else the cluster's own in the cache."""
    shared: Mapping[str, Any] = next(iter(hostvars.values()), {})
    said = shared.get(variables.BUNDLE) or paths.cache() / "bundles" / str(shared.get("cluster_name"))
    return Path(str(said)).expanduser()


def _unknown(read: Documents) -> Iterator[Problem]:
    known = variables.known()
    for layer in read.layers:
        for key, _ in layer.node.value:
            if str(key.value) not in known:
                line = key.start_mark.line + 1
                message = "is not a variable that blackstart knows"
                yield Problem(shorten(layer.file), line, str(key.value), message, nearest(str(key.value), known))
