"""The node of the role tests, shared by all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from blackstart import paths
from blackstart.engine.lock import exclusive
from tests.support.molecule import runner

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--keep-node", action="store_true", help="begin with the node that was kept, and keep it")


@pytest.fixture(scope="module")
def molecule(bundle: Path, pytestconfig: pytest.Config) -> Iterator[runner.Molecule]:
    """Return one molecule, whose node is removed at the end unless it is to be kept; the bundle is built first."""
    terminal: Any = pytestconfig.pluginmanager.get_plugin("terminalreporter")
    capture: Any = pytestconfig.pluginmanager.get_plugin("capturemanager")

    def say(line: str) -> None:
        with capture.global_and_fixture_disabled():
            terminal.write_line(f"\n{line}")

    keep = pytestconfig.getoption("--keep-node")
    # There is one such node on a machine: a second session would take it away from under the first.
    with exclusive(paths.state("molecule") / "tests.lock", "tests/molecule"):
        session = runner.Molecule(runner.folder(), say, keep=keep)
        if not keep:
            session.destroy()
        with session.prefork():
            yield session
        if not keep:
            session.destroy()
        elif session.behind:
            say(f"the node is kept for the next run, with {', '.join(session.behind)} behind it: make molecule-clean")
