"""The machine's limit is raised while nodes are up, and put back after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.lab.limits import raise_limit, restore_limit

if TYPE_CHECKING:
    from pathlib import Path


def test_a_low_limit_is_raised_once_and_restored(tmp_path: Path) -> None:
    limit, before = tmp_path / "limit", tmp_path / "before"
    limit.write_text("128\n")
    raise_limit(limit, before)
    raise_limit(limit, before)
    assert limit.read_text() == "1024"
    restore_limit(limit, before)
    assert (limit.read_text(), before.exists()) == ("128", False)


def test_a_high_limit_is_left_alone(tmp_path: Path) -> None:
    limit, before = tmp_path / "limit", tmp_path / "before"
    limit.write_text("8192\n")
    raise_limit(limit, before)
    restore_limit(limit, before)
    assert limit.read_text() == "8192\n"
