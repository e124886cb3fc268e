"""The only list of disks that may ever be written. Usable never implies written: a blank disk needs no wipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from blackstart.disks.facts import Disk, Osd
    from blackstart.disks.verdict import Verdict
    from blackstart.model.cluster import Node


@dataclass(frozen=True, slots=True)
class Write:
    """One disk to wipe: by its name below /dev/disk/by-id, to be found under this serial and size again, else not."""

    node: str
    disk: str
    serial: str
    size_bytes: int
    seen: Disk
    osd: Osd | None = None


def wishes(nodes: Iterable[Node]) -> dict[tuple[str, str], str]:
    """Return the serial of each disk that the desired state wants wiped, by (node, name below /dev/disk/by-id)."""
    disks = ((node.name, disk) for node in nodes for disk in (node.disks.boot, *node.disks.ceph))
    return {(node, disk.id): disk.wipe for node, disk in disks if disk.wipe}


def to_write(
    verdicts: Iterable[Verdict], wishes: Mapping[tuple[str, str], str], yes_wipe: Collection[str]
) -> tuple[Write, ...]:
    """Return the disks that the desired state names with `wipe: SERIAL` and the command line with `--yes-wipe SERIAL`.

    `verdicts` are those of all nodes that take part, `wishes` as wishes() returns them, `yes_wipe` serials.
    Raises RefusedError for the first disk that both name and that must not be written, or a serial nobody wishes for.
    """
    raise NotImplementedError
