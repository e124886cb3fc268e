"""From inventory folders to the desired state: Ansible merges the variables, pydantic gives them types."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from blackstart import __version__, paths
from blackstart.engine import process
from blackstart.errors import InputError
from blackstart.model.cluster import Arch, Cluster, Endpoint, Gitops, Network, Node, Time, Versions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pydantic import BaseModel

# Topic by topic: the prefix of its variables, the model that takes them, its field in Cluster.
TOPICS: tuple[tuple[str, type[BaseModel], str], ...] = (
    ("version_", Versions, "versions"),
    ("network_", Network, "network"),
    ("endpoint_", Endpoint, "endpoint"),
    ("arch_", Arch, "arch"),
    ("time_", Time, "time"),
    ("gitops_", Gitops, "gitops"),
)


def resolve(names: Sequence[str], cwd: Path) -> list[Path]:
    """Return the inventory folders that are meant, bases before their overlays.

    Without names: the only folder below ./inventory that is not an overlay (no `inventory_base`). Raises InputError
    when there is none, or more than one, or a hosts.yml that cannot be read.
    """
    chosen = [(cwd / name).resolve() for name in names] or [_only(cwd / "inventory")]
    found: list[Path] = []
    for folder in chosen:
        found += [path for path in _with_bases(folder, ()) if path not in found]
    return found


def _only(room: Path) -> Path:
    folders = sorted(path for path in room.glob("*") if (path / "hosts.yml").is_file())
    clusters = [folder for folder in folders if _base(folder) is None]
    if len(clusters) == 1:
        return clusters[0]
    what = f"{len(clusters)} clusters ({', '.join(c.name for c in clusters)})" if clusters else "no inventory"
    raise InputError(f"found {what} below {room}", hint="name one: blackstart --inventory inventory/NAME …")


def _with_bases(folder: Path, above: tuple[Path, ...]) -> list[Path]:
    if folder in above:
        raise InputError(f"inventory_base goes round in a circle at {folder}", hint="a base must not name its overlay")
    base = _base(folder)
    return [*([] if base is None else _with_bases(base, (*above, folder))), folder]


def _base(folder: Path) -> Path | None:
    """Return the folder that this inventory overlays, from hosts.yml's all.vars.inventory_base."""
    hosts = folder / "hosts.yml"
    try:
        document = yaml.safe_load(hosts.read_text()) or {}
    except OSError as error:
        raise InputError(
            f"{hosts} cannot be read: {error.strerror}", hint="an inventory is a folder with a hosts.yml"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{hosts} is not YAML: {_where(error)}", hint="mend it; was its writing cut off?") from error
    variables = (document.get("all") or {}).get("vars") or {} if isinstance(document, dict) else {}
    base = variables.get("inventory_base")
    return (folder / base).resolve() if base else None


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"line {mark.line + 1}: {getattr(error, 'problem', error)}" if mark else str(error)


def load(sources: Sequence[Path]) -> tuple[Cluster, dict[str, dict[str, Any]]]:
    """Return the cluster and each node's merged variables; InputError names what cannot be read, and where.

    A cluster that reads but contradicts itself is check's business.
    """
    hostvars = read(sources)
    try:
        return assemble(hostvars), hostvars
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, e['loc']))}: {e['msg']} (found {e.get('input')!r:.60})" for e in error.errors()]
        raise InputError(
            "the inventory does not describe a cluster:\n" + "\n".join(lines), hint="blackstart check names file and line"
        ) from error


def assemble(hostvars: Mapping[str, Mapping[str, Any]]) -> Cluster:
    """Build the cluster from merged variables (pure); raises pydantic's ValidationError."""
    first = next(iter(hostvars.values()))
    fields: dict[str, Any] = {field: _topic(first, prefix, model) for prefix, model, field in TOPICS}
    name = str(first.get("cluster_name", ""))
    bundle = first.get("bundle_path") or paths.cache() / "bundles" / name
    fields |= {key: first[f"cluster_{key}"] for key in ("name", "id", "domain") if f"cluster_{key}" in first}
    fields["bundle_path"] = Path(str(bundle)).expanduser()
    known = set(Node.model_fields)
    fields["nodes"] = tuple(
        {"name": node, **{key: value for key, value in variables.items() if key in known}}
        for node, variables in hostvars.items()
    )
    return Cluster.model_validate(fields)


def _topic(variables: Mapping[str, Any], prefix: str, model: type[BaseModel]) -> dict[str, Any]:
    return {key: variables[prefix + key] for key in model.model_fields if prefix + key in variables}


def read(sources: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Return merged variables by node, as Ansible sees them.

    Starting ansible-inventory costs a second, so its answer is kept under the hash of every file it read. Inventories
    with executables or plugins of their own may answer differently each time, and are always asked.
    """
    files = sorted(file for source in sources for file in source.rglob("*") if file.is_file())
    _refuse_broken(files)
    kept = paths.cache() / "inventory" / f"{_key(sources, files)}.json"
    lasting = not any(os.access(file, os.X_OK) for file in files)
    if lasting and kept.is_file():
        found: dict[str, dict[str, Any]] = json.loads(kept.read_text())
        return found
    hostvars = _ask(sources)
    if lasting:
        kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = kept.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(hostvars))
        fresh.chmod(0o600)
        fresh.replace(kept)
    return hostvars


def _refuse_broken(files: Iterable[Path]) -> None:
    """Parse every YAML file first: Ansible reports the first one only, and a half-written one it may pass over."""
    broken = []
    for file in files:
        if file.suffix in {".yml", ".yaml"}:
            try:
                yaml.load(file.read_text(), Loader=yaml.CSafeLoader)  # noqa: S506 - the safe loader, in C
            except OSError as error:
                broken.append(f"{file}: {error.strerror}")
            except (yaml.YAMLError, UnicodeDecodeError) as error:
                broken.append(f"{file}: {_where(error)}")
    if broken:
        raise InputError("the inventory cannot be read:\n" + "\n".join(broken), hint="was its writing cut off?")


def _key(sources: Sequence[Path], files: Sequence[Path]) -> str:
    digest = hashlib.sha256(f"{__version__} {version('ansible-core')} {sources}".encode())
    for file in files:
        digest.update(f"{file}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def _ask(sources: Sequence[Path]) -> dict[str, dict[str, Any]]:
    words = [word for source in sources for word in ("--inventory", str(source))]
    environment = {
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
        "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_CONFIG": str(paths.share() / "ansible.cfg"),
    }
    program = Path(sys.executable).parent / "ansible-inventory"
    try:
        done = process.run([program, *words, "--list"], env=environment)
    except process.ProcessError as error:
        raise InputError(f"Ansible cannot read the inventory: {error.output.strip()[-600:]}", hint="") from error
    hostvars: dict[str, dict[str, Any]] = json.loads(done.stdout)["_meta"]["hostvars"]
    if not hostvars:
        raise InputError(
            f"there is no node in {', '.join(map(str, sources))}", hint="hosts.yml needs the group control_plane"
        )
    return hostvars
