"""Sizes of the inventory that do not fit each other. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .units import SETTINGS, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .units import Wanted


def misfits(wanted: Wanted) -> Iterator[Verdict]:
    """Yield sizes that cannot be, or that no machine survives."""
    carved, gtt, pool = wanted.carve_out_gib, wanted.gtt_gib, wanted.page_pool_gib
    left = wanted.ram_gib - carved
    if left <= 0:
        found = f"the GPU is given {carved} GiB of {wanted.ram_gib} GiB"
        yield Verdict("carve_out_gib", SETTINGS, found, "less than all", "Count ram_gib before the carve-out")
        return
    if carved and gtt >= carved:
        yield Verdict(
            "gtt_gib",
            SETTINGS,
            f"{gtt} GiB of GTT beside a carve-out of {carved} GiB",
            "less GTT than carve-out",
            "The kernel would let ROCm allocate from system memory and leave the carve-out unused (apu_prefer_gtt in "
            "drivers/gpu/drm/amd/amdgpu): lower gtt_gib, or set it to 0 for the kernel's default",
        )
    elif gtt * 10 > left * 9:
        found = f"{gtt} GiB of GTT, firmware leaves {left} GiB of memory"
        yield Verdict("gtt_gib", SETTINGS, found, "at most 90 % of that", "Both are in GiB: lower gtt_gib")
    if pool > gtt:
        found = f"a pool of {pool} GiB of freed pages, with {gtt} GiB of GTT"
        yield Verdict("page_pool_gib", SETTINGS, found, "no more than gtt_gib", "Lower it, or set it to 0")


def taken(gids: Mapping[str, int], groups: Mapping[str, int]) -> Iterator[Verdict]:
    """Yield fixed numbers (0: none) that another group of the machine has."""
    for name, number in gids.items():
        for other in (group for group, has in groups.items() if number and has == number and group != name):
            todo = "Choose a free one (`getent group`), or 0 to leave the group's own"
            found = f"group {other} has the number {number} that {name} is to have"
            yield Verdict(f"{name}_gid", SETTINGS, found, "a free number", todo)
