"""One practice cluster for all end-to-end tests.

The files run in the order of their names, each from where the one before left the cluster: a cold start costs minutes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.lab.harness import Lab, blackstart

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--lab-as-it-is", action="store_true", help="test the lab that is up, and leave it up")


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """Return a practice cluster of three empty nodes; it is gone afterwards."""
    if request.config.getoption("--lab-as-it-is"):
        there = Lab()
        there.inventory = blackstart("lab", "inventory").stdout.strip()
        yield there
        return
    assert blackstart("lab", "down").returncode == 0
    up = blackstart("lab", "up", timeout=3600)
    assert up.returncode == 0, up.stdout + up.stderr
    fresh = Lab()
    fresh.inventory = blackstart("lab", "inventory").stdout.strip()
    yield fresh
    down = blackstart("lab", "down")
    assert down.returncode == 0, down.stdout + down.stderr


@pytest.fixture
def overlay(lab: Lab, tmp_path: Path) -> Path:
    """Return an inventory over the lab's own, to be altered."""
    folder = tmp_path / "altered"
    (folder / "group_vars" / "all").mkdir(parents=True)
    (folder / "hosts.yml").write_text(f"all:\n  vars:\n    inventory_base: {Path(lab.inventory).resolve()}\n")
    return folder
