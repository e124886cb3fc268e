"""One look at the disks of all nodes at once: one round trip for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.disks.facts import DiskTable, parse
from blackstart.disks.identity import plain
from blackstart.engine.carrier import send

if TYPE_CHECKING:
    from collections.abc import Collection

    from blackstart.engine.ssh import Fleet
    from blackstart.errors import BlackstartError
    from blackstart.model.cluster import Cluster

SECONDS = 60.0
FULL_SECONDS = 24 * 3600.0  # a spinning disk of 20 TB takes a day


def look(
    fleet: Fleet, desired: Cluster, *, seed: str, full: bool = False, nodes: Collection[str] = ()
) -> dict[str, DiskTable | BlackstartError]:
    """Return each node's disks, or why it could not be looked at; the disks that the inventory names are read.

    `seed` decides where samples lie, `full` reads everything; `nodes` are all unless given.
    """

    def one(name: str) -> DiskTable:
        disks = desired.node(name).disks
        named = [plain(disk.id) for disk in (disks.boot, *disks.ceph)]
        request = {"named": named, "full": full, "seed": seed}
        return parse(send(fleet, name, "disks.survey", request, timeout=FULL_SECONDS if full else SECONDS).answer)

    return fleet.everywhere(one, nodes or desired.node_names)
