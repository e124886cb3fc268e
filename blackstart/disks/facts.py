"""What a node says about its disks: the JSON of node/disks/survey.py as dataclasses. Sizes and offsets in bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Use:
    """What somebody does with a disk now.

    `kind` is mount, swap, holder, open or claim; `on` is the disk or one of its partitions; `what` is the mount point,
    the holder (md0, dm-0 …) or the program that has it open.
    """

    kind: str
    on: str
    what: str = ""
    detail: str = ""

    def text(self, disk: str) -> str:
        """Say it in words, as seen from the whole disk."""
        words = {
            "mount": f"mounted at {self.what}",
            "swap": "in use as swap",
            "holder": f"held by {self.what}",
            "open": f"open by {self.what}",
            "claim": "claimed by the kernel for a user that cannot be seen from here",
        }.get(self.kind, f"{self.kind} {self.what}".strip())
        words += f" ({self.detail})" if self.detail else ""
        return words if self.on == disk else f"partition {self.on} is {words}"


@dataclass(frozen=True, slots=True)
class Signature:
    """A format's mark: `kind` as libblkid names it; `usage` is filesystem, raid, crypto, partition-table or other."""

    kind: str
    usage: str
    offset: int
    label: str = ""
    uuid: str = ""


@dataclass(frozen=True, slots=True)
class Osd:
    """A Ceph OSD's mark at an offset: a BlueStore label, or (`how` is partition, lvm or luks) what says so of a part.

    What could not be read is empty.
    """

    offset: int
    osd_uuid: str = ""
    ceph_fsid: str = ""
    osd_id: str = ""
    how: str = "bluestore"

    def __str__(self) -> str:
        """Name the OSD and its cluster."""
        name = f"OSD {self.osd_id or self.osd_uuid or '(no number)'}"
        return f"{name} of cluster {self.ceph_fsid or '(no fsid)'}"


@dataclass(frozen=True, slots=True)
class Blank:
    """How far a disk was read, and what was found: the first byte that is not zero, the first that cannot be read.

    `samples` pieces of `sample_bytes` each were read of what lies between the ends; `why` says why nothing was read.
    """

    looked: bool = False
    full: bool = False
    read_bytes: int = 0
    nonzero_at: int | None = None
    error_at: int | None = None
    samples: int = 0
    sample_bytes: int = 0
    why: str = ""

    @property
    def proven(self) -> bool:
        """Whether everything that was read is zero and could be read."""
        return self.looked and self.nonzero_at is None and self.error_at is None


@dataclass(frozen=True, slots=True)
class DiskFacts:
    """A whole disk as the node sees it; `by_id` are the names that it claims below /dev/disk/by-id."""

    name: str
    path: str
    devno: str
    size_bytes: int
    by_id: tuple[str, ...] = ()
    serial: str = ""
    wwn: str = ""
    model: str = ""
    transport: str = ""
    sector_bytes: int = 512
    removable: bool = False
    read_only: bool = False
    uses: tuple[Use, ...] = ()
    signatures: tuple[Signature, ...] = ()
    bluestore: tuple[Osd, ...] = ()
    blank: Blank = Blank()

    @property
    def runs_the_system(self) -> bool:
        """Whether the running system's root is on it."""
        return any(use.kind == "mount" and use.what == "/" for use in self.uses)


@dataclass(frozen=True, slots=True)
class DiskTable:
    """All disks of a node, where each name below /dev/disk/by-id points (a kernel name), and whose mainboard it is."""

    disks: tuple[DiskFacts, ...]
    links: Mapping[str, str]
    board_serial: str = ""  # empty: firmware has none

    def disk(self, name: str) -> DiskFacts | None:
        """Return a disk by its kernel name."""
        return next((disk for disk in self.disks if disk.name == name), None)


def parse(answer: Mapping[str, Any]) -> DiskTable:
    """Build the table from a node's answer; KeyError or TypeError when it is of another shape."""
    disks = tuple(_disk(entry) for entry in answer["disks"])
    return DiskTable(disks, dict(answer["links"]), answer["board_serial"])


def _disk(entry: Mapping[str, Any]) -> DiskFacts:
    nested = {
        "by_id": tuple(entry["by_id"]),
        "uses": tuple(Use(**use) for use in entry["uses"]),
        "signatures": tuple(Signature(**signature) for signature in entry["signatures"]),
        "bluestore": tuple(Osd(**label) for label in entry["bluestore"]),
        "blank": Blank(**entry["blank"]),
    }
    return DiskFacts(**{**entry, **nested})
