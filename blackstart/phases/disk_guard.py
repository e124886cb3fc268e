"""What the nodes' disks are: usable, this cluster's already, or refused; and the one named disk that may be wiped.

The survey of a disk takes seconds and is made when the phase is applied, not at each look. A look sees whether the
disks that were judged are still there, and in which machine; that a judged disk went away or came back, or that the
mainboard is another than the inventory's, is a reason to judge anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from blackstart.disks.identity import another_board
from blackstart.errors import RefusedError
from blackstart.model.cluster import is_placeholder
from blackstart.phases.local import LocalPhase
from blackstart.step import Look, Play, Reason, Watch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import NodeFacts, Observed


@dataclass(frozen=True, slots=True)
class DiskGuard(LocalPhase):
    """Judges each Ceph disk of the inventory; `confirmed` are the serials that --yes-wipe named."""

    confirmed: tuple[str, ...] = ()

    name = "disk_guard"
    title = "Disks"
    watch = Watch(files=("/var/lib/blackstart/disks.json",))

    def reasons(self, desired: Cluster, observed: Observed) -> list[Reason]:
        """Ask for it where a disk or the board changed, and where a wipe is confirmed, besides what is common."""
        found = super(DiskGuard, self).reasons(desired, observed)
        known = {reason.node for reason in found}
        for node in observed.nodes.values():
            if node.reachable and node.name not in known and (said := self._why(desired, node)):
                found.append(Reason(said, node.name))
        return found

    def _why(self, desired: Cluster, node: NodeFacts) -> str:
        if said := another_board(desired.node(node.name), node.board_serial):
            return said
        moved = [
            f"{disk.id} {'is there now' if disk.now else 'is gone'}" for disk in node.disks if disk.now != disk.there
        ]
        if moved:
            return "; ".join(moved)
        wanted = [disk.id for disk in desired.node(node.name).disks.ceph if disk.wipe and disk.wipe in self.confirmed]
        return f"wiping {', '.join(wanted)} is asked for and confirmed" if wanted else ""

    def play(self, desired: Cluster, observed: Observed) -> Play:
        """Run where there are reasons, with the confirmations."""
        limit = super(DiskGuard, self).play(desired, observed).limit
        return Play(self.name, limit=limit, variables={"disk_guard_confirmed": list(self.confirmed)})

    def trouble(self, desired: Cluster, observed: Observed, node: NodeFacts) -> str:  # noqa: ARG002 - base's signature
        """Disks that nobody has judged; a missing or failing one is said, and stops nothing: its data is elsewhere."""
        named = [disk for disk in desired.node(node.name).disks.ceph if not is_placeholder(disk.id)]
        return "its disks were not judged yet" if named and not node.disks else ""

    def gate(self, desired: Cluster, observed: Observed) -> Look:
        """Open when all are judged; says what each disk is."""
        look = super(DiskGuard, self).gate(desired, observed)
        if not look.open:
            return look
        said = [f"{node.name}: {summary(node)}" for node in observed.nodes.values() if node.disks]
        return Look(open=True, seen="; ".join(said) or "the inventory names no disk for Ceph")


def summary(node: NodeFacts) -> str:
    """Say in a few words what a node's disks are: "2 ours", "1 usable, nvme-X refused: missing"."""
    well = {state: sum(d.state == state and d.now for d in node.disks) for state in ("ours", "usable")}
    words = [f"{count} {state}" for state, count in well.items() if count]
    words += [f"{disk.id} is not there" for disk in node.disks if not disk.now]
    words += [f"{disk.id} {disk.state}: {disk.said}" for disk in node.disks if disk.now and disk.state not in well]
    return ", ".join(words)


def require_wishes(desired: Cluster, serials: Sequence[str], limit: Sequence[str]) -> None:
    """Raise RefusedError for a serial of --yes-wipe that no disk of the nodes in limit has as its `wipe:`.

    One of the two is not enough: what is missing is said, and the serial that was probably meant.
    """
    disks = [
        (node.name, disk)
        for node in desired.nodes
        if node.name in limit
        for disk in (node.disks.boot, *node.disks.ceph)
    ]
    wished = [disk.wipe for _, disk in disks if disk.wipe]
    for serial in (serial for serial in serials if serial not in wished):
        known = [(name, disk) for name, disk in disks if serial and (disk.serial == serial or serial in disk.id)]
        if known:
            name, disk = known[0]
            hint = f"if the data on it may go for good, add `wipe: {serial}` to {disk.id} in host_vars/{name}.yml"
        elif near := get_close_matches(serial, wished, 1):
            hint = f"was {near[0]} meant?"
        else:
            hint = "a disk is wiped when the inventory names it with `wipe: SERIAL` and --yes-wipe has the same serial"
        raise RefusedError(
            f"--yes-wipe {serial}: no disk in the inventory of {', '.join(limit)} has `wipe: {serial}`; "
            "nothing was written",
            hint=hint,
        )


PHASE = DiskGuard()
