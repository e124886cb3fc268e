"""What a disk is to us, with every reason; the words that judge.py speaks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blackstart.disks.facts import DiskFacts, Osd


class Role(StrEnum):
    """What the inventory names a disk for."""

    BOOT = "boot"
    CEPH = "ceph"
    UNNAMED = "unnamed"


class State(StrEnum):
    """`usable`: proven blank. `ours`: this cluster's OSD, or the running system. `refused`: neither, with reasons."""

    USABLE = "usable"
    OURS = "ours"
    REFUSED = "refused"


class Code(StrEnum):
    """Why a disk is refused."""

    NOT_NAMED = "not_named"
    BOARD = "board"
    PLACEHOLDER = "placeholder"
    MISSING = "missing"
    POINTS_ELSEWHERE = "points_elsewhere"
    LINKS_FIGHT = "links_fight"
    NAMED_TWICE = "named_twice"
    SERIAL = "serial"
    SERIAL_TWICE = "serial_twice"
    SIZE = "size"
    TRANSPORT = "transport"
    REMOVABLE = "removable"
    READ_ONLY = "read_only"
    RUNS_THE_SYSTEM = "runs_the_system"
    MOUNTED = "mounted"
    SWAP = "swap"
    HELD = "held"
    OPEN = "open"
    PARTITIONS = "partitions"
    SIGNATURE = "signature"
    OSD_FOREIGN = "osd_foreign"
    OSD_UNKNOWN = "osd_unknown"
    OSD_TORN = "osd_torn"
    OSD_ON_BOOT_DISK = "osd_on_boot_disk"
    DATA = "data"
    UNREADABLE = "unreadable"
    UNREAD = "unread"


# What a wipe of the named disk would clear: what it holds. Which disk it is and who uses it, a wipe does not change.
WIPE_CLEARS = frozenset(
    {
        Code.PARTITIONS,
        Code.SIGNATURE,
        Code.OSD_FOREIGN,
        Code.OSD_UNKNOWN,
        Code.OSD_TORN,
        Code.OSD_ON_BOOT_DISK,
        Code.DATA,
    }
)
# Refused, and yet nothing can be lost by it.
_NOTHING_TO_LOSE = frozenset({Code.PLACEHOLDER, Code.MISSING, Code.UNREADABLE})


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a disk is refused: what was found where and what was wanted, and the exact next command."""

    code: Code
    text: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One disk of one node: its name below /dev/disk/by-id (an unnamed one without any: its kernel name).

    `seen` is what the name points at, None when that is no disk; `osd` the OSD on it; `live`: it is at work now.
    """

    node: str
    disk: str
    role: Role
    state: State
    reasons: tuple[Reason, ...] = ()
    seen: DiskFacts | None = None
    osd: Osd | None = None
    live: bool = False

    @property
    def data_at_risk(self) -> bool:
        """Whether using the disk all the same could lose data: not when it is missing or failing and nothing else."""
        return any(reason.code not in _NOTHING_TO_LOSE for reason in self.reasons)

    @property
    def to_fill_in(self) -> bool:
        """Whether all that is wrong is a placeholder in the inventory: as `check` says, that stops nothing yet."""
        return self.codes == {Code.PLACEHOLDER}

    @property
    def codes(self) -> frozenset[Code]:
        """The codes of all reasons."""
        return frozenset(reason.code for reason in self.reasons)
