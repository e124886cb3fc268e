"""What several rooms of tests need."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from blackstart import paths
from blackstart.engine import process

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def bundle(pytestconfig: pytest.Config) -> Path:
    """Return the practice cluster's bundle, built when it is not there (25 minutes)."""
    terminal = pytestconfig.pluginmanager.get_plugin("terminalreporter")
    show = terminal.write_line if terminal else lambda _line: None
    capture = pytestconfig.pluginmanager.get_plugin("capturemanager")
    assert capture is not None
    with capture.global_and_fixture_disabled():
        process.follow([sys.executable, "-m", "blackstart", "lab", "build"], show, cwd=pytestconfig.rootpath)
    return paths.cache() / "bundles" / "lab"
