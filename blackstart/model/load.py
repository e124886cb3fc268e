"""From inventory folders to the desired state: Ansible merges the variables, pydantic gives them types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blackstart.errors import InputError
from blackstart.model import documents, variables
from blackstart.model.check import check, complete
from blackstart.model.merge import read
from blackstart.model.problem import InventoryError, Severity, shorten

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from blackstart.model.cluster import Cluster


def resolve(names: Sequence[str], cwd: Path) -> list[Path]:
    """Return the inventories to read, bases before their overlays, each once.

    Without names: the only folder below ./inventory that is not an overlay (no `inventory_base`). Raises InputError
    when there is none, or more than one, or one that does not exist.
    """
    chosen = [(cwd / name).resolve() for name in names] or [_only(cwd / "inventory")]
    found: list[Path] = []
    for source in chosen:
        found += [path for path in _with_bases(source, ()) if path not in found]
    return found


def _only(room: Path) -> Path:
    folders = sorted(path for path in room.glob("*") if (path / "hosts.yml").is_file())
    clusters = [folder for folder in folders if _base(folder) is None]
    if len(clusters) == 1:
        return clusters[0]
    what = f"{len(clusters)} clusters ({', '.join(c.name for c in clusters)})" if clusters else "no inventory"
    raise InputError(f"found {what} below {room}", hint="name one: blackstart --inventory inventory/NAME …")


def _with_bases(source: Path, above: tuple[Path, ...]) -> list[Path]:
    if source in above:
        raise InputError(f"inventory_base goes round in a circle at {source}", hint="a base must not name its overlay")
    base = _base(source)
    return [*([] if base is None else _with_bases(base, (*above, source))), source]


def _base(source: Path) -> Path | None:
    """Return the inventory that this one overlays, from the variable inventory_base of its group all."""
    if not source.exists() or (source.is_dir() and not any(source.glob("hosts*"))):
        what = "has no hosts.yml" if source.exists() else "does not exist"
        raise InputError(f"the inventory {shorten(source)} {what}", hint="an inventory is a folder with a hosts.yml")
    base = documents.read([source]).group_value(variables.BASE)
    return (documents.folder_of(source) / base).resolve() if base else None


def load(sources: Sequence[Path]) -> tuple[Cluster, dict[str, dict[str, Any]]]:
    """Return the cluster and each node's merged variables, in inventory order.

    Raises InventoryError with every problem when what the inventory says cannot become a cluster. One that can but
    contradicts itself is returned: that is check's business.
    """
    hostvars = read(sources)
    cluster = complete(hostvars)
    if cluster is None:
        raise InventoryError([problem for problem in check(sources, hostvars) if problem.severity is Severity.ERROR])
    return cluster, hostvars
