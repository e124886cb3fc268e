"""The machine's limit is raised while nodes are up, when it is low, and restored afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blackstart.lab.limits import raise_limit, restore_limit

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("found", "while_up", "after"),
    [("128\n", "1024", "128"), ("8192\n", "8192\n", "8192\n")],
    ids=["low", "high enough"],
)
def test_a_low_limit_is_raised_once_and_restored(tmp_path: Path, found: str, while_up: str, after: str) -> None:
    limit, before = tmp_path / "limit", tmp_path / "before"
    limit.write_text(found)
    raise_limit(limit, before)
    raise_limit(limit, before)
    assert limit.read_text() == while_up
    restore_limit(limit, before)
    assert (limit.read_text(), before.exists()) == (after, False)
