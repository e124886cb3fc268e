"""Sizes of GPU memory: units, names of architectures, and what fits into a machine."""

from __future__ import annotations

import pytest

from blackstart.node.gpu import units
from blackstart.node.gpu.sizes import misfits, taken
from blackstart.node.gpu.units import Wanted

HOMELAB = Wanted(ram_gib=96, carve_out_gib=48, target="gfx1150")
GIB = 1 << 30


@pytest.mark.parametrize(
    ("gib", "size", "pages"),
    # The table of the driver's figures: bytes as sysfs shows them, pages as ttm.pages_limit takes them.
    [
        (0, 0, 0),
        (16, 17179869184, 4194304),
        (24, 25769803776, 6291456),
        (32, 34359738368, 8388608),
        (48, 51539607552, 12582912),
        (64, 68719476736, 16777216),
    ],
)
def test_units_are_exact(gib: int, size: int, pages: int) -> None:
    assert (units.bytes_of(gib), units.bytes_of(gib) // units.PAGE) == (size, pages)
    assert units.spell(size) == f"{gib} GiB"


def test_a_part_of_a_gib_is_told() -> None:
    assert units.spell(536870912) == "0.5 GiB"
    assert units.spell(24883200000) == "23.2 GiB"


def test_architectures_are_named_as_rocm_does() -> None:
    assert [units.architecture(v) for v in (110500, 110501, 90010, 100300)] == [
        "gfx1150",
        "gfx1151",
        "gfx90a",
        "gfx1030",
    ]


@pytest.mark.parametrize(
    ("wanted", "about", "words"),
    [
        (Wanted(96, 96), "carve_out_gib", "96 GiB of 96 GiB"),
        (Wanted(96, 48, 48), "gtt_gib", "apu_prefer_gtt"),
        (Wanted(96, 48, 64), "gtt_gib", "less GTT than carve-out"),
        (Wanted(96, 80, 15), "gtt_gib", "firmware leaves 16 GiB"),
        (Wanted(96, 0, 87), "gtt_gib", "at most 90 %"),
        (Wanted(96, 48, 16, 17), "page_pool_gib", "no more than gtt_gib"),
        (Wanted(96, 48, 0, 1), "page_pool_gib", "no more than gtt_gib"),
    ],
)
def test_sizes_that_do_not_fit(wanted: Wanted, about: str, words: str) -> None:
    (verdict,) = misfits(wanted)
    assert verdict.about == about
    assert words in str(verdict)


@pytest.mark.parametrize("wanted", [Wanted(96, 48), Wanted(96, 48, 43, 43), Wanted(96, 0, 86), Wanted(96, 80, 14)])
def test_sizes_that_fit(wanted: Wanted) -> None:
    assert list(misfits(wanted)) == []


def test_a_number_that_another_group_has() -> None:
    (verdict,) = taken({"render": 44, "video": 0}, {"video": 44, "render": 104, "root": 0})
    assert str(verdict).startswith("group video has the number 44 that render is to have")
    assert list(taken({"render": 104, "video": 45}, {"video": 44, "render": 104})) == []
