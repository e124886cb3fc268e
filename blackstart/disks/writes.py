"""The only list of disks that may ever be written. Usable never implies written: a blank disk needs no wipe."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from blackstart.disks.identity import plain
from blackstart.disks.verdict import WIPE_CLEARS, State
from blackstart.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from blackstart.disks.facts import DiskFacts, Osd
    from blackstart.disks.verdict import Verdict
    from blackstart.model.cluster import Node


@dataclass(frozen=True, slots=True)
class Write:
    """One disk to wipe: by its name below /dev/disk/by-id, to be found under this serial and size again, else not."""

    node: str
    disk: str
    serial: str
    size_bytes: int
    seen: DiskFacts
    osd: Osd | None = None


def wishes(nodes: Iterable[Node]) -> dict[tuple[str, str], str]:
    """Return the serial of each disk that the desired state wants wiped, by (node, name below /dev/disk/by-id)."""
    disks = ((node.name, disk) for node in nodes for disk in (node.disks.boot, *node.disks.ceph))
    return {(node, plain(disk.id)): disk.wipe for node, disk in disks if disk.wipe}


def to_write(
    verdicts: Iterable[Verdict], wishes: Mapping[tuple[str, str], str], yes_wipe: Collection[str]
) -> tuple[Write, ...]:
    """Return the disks that the desired state names with `wipe: SERIAL` and the command line with `--yes-wipe SERIAL`.

    `verdicts` are those of all nodes that take part, `wishes` as wishes() returns them, `yes_wipe` serials.
    Raises RefusedError for the first disk that both name and that must not be written, or a serial no `wipe:` has.
    """
    verdicts = tuple(verdicts)
    _every_wish_exists(verdicts, wishes, yes_wipe)
    chosen = [
        verdict for verdict in verdicts if verdict.state is not State.USABLE and _wish(verdict, wishes) in {*yes_wipe}
    ]
    return tuple(_write(verdict, _wish(verdict, wishes)) for verdict in chosen)


def _wish(verdict: Verdict, wishes: Mapping[tuple[str, str], str]) -> str:
    """Return the serial number that the desired state gives for wiping; "no wish" is no serial number of any disk."""
    return wishes.get((verdict.node, verdict.disk), "") or "(no wish)"


def _every_wish_exists(
    verdicts: tuple[Verdict, ...], wishes: Mapping[tuple[str, str], str], yes_wipe: Collection[str]
) -> None:
    for serial in yes_wipe:
        places = [place for place, wish in wishes.items() if wish == serial]
        if not places:
            close = get_close_matches(serial, list(wishes.values()), n=1)
            meant = f"did you mean --yes-wipe {close[0]}? " if close else ""
            raise RefusedError(
                f"--yes-wipe {serial}: no disk of the inventory has `wipe: {serial}`",
                hint=f"{meant}A disk is erased only when both say so: the desired state and the command line",
            )
        if len(places) > 1:
            found = ", ".join(f"{name} of {node}" for node, name in places)
            raise RefusedError(
                f"--yes-wipe {serial} means more than one disk: {found}",
                hint="take `wipe` away from all but the one that is meant",
            )
        node, name = places[0]
        if not any((verdict.node, verdict.disk) == (node, name) for verdict in verdicts):
            raise RefusedError(
                f"--yes-wipe {serial}: {name} of {node} was not looked at", hint=f"leave {node} in --limit"
            )


def _write(verdict: Verdict, serial: str) -> Write:
    """Return the disk to erase; RefusedError unless it is the one, it is not in use, and a wipe would help."""
    seen, what = verdict.seen, f"{verdict.disk} of {verdict.node}"
    if seen is None:
        raise RefusedError(f"{what} cannot be wiped: {_texts(verdict)}", hint=verdict.reasons[0].hint)
    if verdict.live or (seen.bluestore and seen.uses):
        raise RefusedError(
            f"{what} is {seen.path}, at work as {verdict.osd or seen.bluestore[0]}: it cannot be wiped, and no option "
            "forces it",
            hint="take the OSD out of its cluster first: ceph osd out, wait for active+clean, ceph osd purge",
        )
    if not seen.serial or serial != seen.serial:
        raise RefusedError(
            f"{what} is {seen.path} with the serial number {seen.serial or '(none)'}, and `wipe` says {serial}",
            hint=f"correct `wipe` in host_vars/{verdict.node}.yml, if {seen.path} is the disk that is meant",
        )
    if seen.runs_the_system:
        raise RefusedError(
            f"{what} is {seen.path}, and the running system is on it: it cannot be wiped", hint="take `wipe` away"
        )
    stays = [reason for reason in verdict.reasons if reason.code not in WIPE_CLEARS]
    if stays or seen.uses:
        texts = [reason.text for reason in stays] or [use.text(seen.name) for use in seen.uses]
        raise RefusedError(
            f"{what} cannot be wiped: {'; '.join(texts)}",
            hint=stays[0].hint if stays else f"on {verdict.node}: lsblk {seen.path}",
        )
    return Write(verdict.node, verdict.disk, seen.serial, seen.size_bytes, seen, verdict.osd)


def _texts(verdict: Verdict) -> str:
    return "; ".join(reason.text for reason in verdict.reasons)
