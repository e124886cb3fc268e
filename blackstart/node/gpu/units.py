"""Exact units, and what is wanted of a GPU's memory, seen of it and said about it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

GIB = 1 << 30  # bytes
PAGE = 4096  # bytes; ttm counts in pages (drivers/gpu/drm/ttm/ttm_tt.c)
# Who can mend a verdict.
FIRMWARE, SETTINGS, HARDWARE, RESTART = "firmware", "settings", "hardware", "restart"


def bytes_of(gib: int) -> int:
    """Return GiB in bytes."""
    return gib * GIB


def spell(size: int) -> str:
    """Return bytes as people say them: whole GiB as they are, else to a tenth."""
    return f"{size // GIB} GiB" if size % GIB == 0 else f"{size / GIB:.1f} GiB"


def architecture(version: int) -> str:
    """Return KFD's gfx_target_version as ROCm names it: 110500 is gfx1150, 90010 is gfx90a."""
    return f"gfx{version // 10000}{version // 100 % 100:x}{version % 100:x}"


@dataclass(frozen=True)
class Wanted:
    """What the inventory says of one node; sizes in GiB, 0 leaves the kernel's default; no target, none is checked."""

    ram_gib: int
    carve_out_gib: int = 0
    gtt_gib: int = 0
    page_pool_gib: int = 0
    target: str = ""


@dataclass(frozen=True)
class Setting:
    """A kernel parameter and who gives it: a file, or the kernel's command line."""

    source: str
    name: str  # ttm.pages_limit
    value: str


@dataclass(frozen=True)
class Device:
    """A file below /dev: octal mode, and the group's name or number."""

    path: str
    mode: str
    group: str


@dataclass(frozen=True)
class GpuFacts:
    """An AMD GPU as its machine shows it (node/gpu/sysfs.py); sizes in bytes, 0 when not shown."""

    card: str
    vram_bytes: int
    gtt_bytes: int
    pages_limit: int  # pages
    page_pool_size: int  # pages
    target_version: int
    kfd_bytes: int  # what ROCm is shown
    memory_bytes: int  # MemTotal
    dimm_bytes: int
    devices: tuple[Device, ...]
    settings: tuple[Setting, ...]
    settings_changed: float  # seconds since the epoch
    booted: float  # the same

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> GpuFacts | None:
        """Build it from the probe's plain JSON; None when that is empty, which means no AMD GPU."""
        if not said:
            return None
        devices = tuple(Device(*entry) for entry in said["devices"])
        settings = tuple(Setting(*entry) for entry in said["settings"])
        return cls(**{**said, "devices": devices, "settings": settings})

    def __str__(self) -> str:
        """Say what it has in a few words."""
        name = architecture(self.target_version) if self.target_version else "not shown to ROCm"
        return f"{spell(self.vram_bytes)} of VRAM, {spell(self.gtt_bytes)} of GTT ({self.card}, {name})"


@dataclass(frozen=True)
class Verdict:
    """Something that is not as it should be; `about` is what the inventory or the kernel calls it."""

    about: str
    cure: str
    found: str
    wanted: str
    todo: str

    def __str__(self) -> str:
        """Return all three on one line."""
        return f"{self.found}; wanted: {self.wanted}. {self.todo}"
