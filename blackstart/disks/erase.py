"""Whether a node's boot disk may be erased for a new system, and if not, why: asked by arch_install (pure)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.disks.judge import judge
from blackstart.disks.verdict import Code
from blackstart.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blackstart.disks.facts import DiskFacts, DiskTable
    from blackstart.disks.verdict import Verdict
    from blackstart.model.cluster import Node

# What a disk holds goes when its serial was confirmed: the old system, or what is left of it. An OSD never does, nor
# does anything on a disk that is in use, is another, or is failing.
CONFIRMED = frozenset({Code.PARTITIONS, Code.SIGNATURE, Code.DATA})


def require_erasable(node: Node, table: DiskTable, *, serial: str) -> DiskFacts:
    """Return the disk that the inventory names for booting, if a new system may take all of it.

    `serial` is what was confirmed for this installation; when it is empty the disk must be proven blank.
    Raises RefusedError with everything that speaks against it.
    """
    boot = judge(node, table, fsid="")[0]
    against = list(_against(boot, serial))
    if boot.seen is None or against:
        hints = dict.fromkeys(reason.hint for reason in boot.reasons if reason.hint and reason.code not in CONFIRMED)
        said = "".join(f"\n- {text}" for text in against)
        raise RefusedError(
            f"{boot.disk} of {node.name} is not erased, and nothing was written:{said}",
            hint="\n".join(hints) or f"on {node.name}: lsblk -o NAME,SERIAL,SIZE,FSTYPE,MOUNTPOINTS",
        )
    return boot.seen


def _against(boot: Verdict, serial: str) -> Iterator[str]:
    """Yield what speaks against erasing a disk."""
    seen = boot.seen
    if seen is None:
        yield from (reason.text for reason in boot.reasons)
        return
    if not seen.serial:
        yield f"{seen.path} has no serial number, by which it could be confirmed"
    elif serial and serial != seen.serial:
        yield f"found the serial number {seen.serial} on {seen.path}, confirmed was {serial}"
    if seen.runs_the_system:
        yield f"the running system is on {seen.path}; wanted: a live system, and the disk unused"
    allowed = CONFIRMED if serial else frozenset()
    for reason in boot.reasons:
        if reason.code not in allowed:
            yield reason.text
