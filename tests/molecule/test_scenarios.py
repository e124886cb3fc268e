"""Every role on a real node, as molecule scenarios: check mode, converge, idempotence, and a look from outside.

Scenarios follow the phases' own order on one node: what a scenario needs, those before it have done, and molecule's
prepare step is skipped as long as that holds. Picked out alone (-k containerd) a scenario prepares a node of its own.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from blackstart import paths, verbs
from blackstart.engine import process
from blackstart.engine.lock import exclusive

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = [phase.name for phase in verbs.UP if (ROOT / "molecule" / phase.name / "molecule.yml").is_file()]
PATIENCE = 600.0  # seconds for one scenario

pytestmark = [pytest.mark.lab, pytest.mark.slow]


class Molecule:
    """Runs scenarios; `behind` are those that the node in hand has behind it, in order."""

    def __init__(self, state: Path) -> None:
        self.behind: list[str] = []
        # One folder, and so one state file, for all of them: molecule then knows that the node exists and is prepared.
        self.env = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "MOLECULE_EPHEMERAL_DIRECTORY": str(state),
            "NO_COLOR": "1",
        }
        self.state = state

    def run(self, *words: str) -> None:
        molecule = Path(sys.executable).with_name("molecule")
        done = process.run([molecule, *words], cwd=ROOT, env=self.env, check=False, timeout=PATIENCE)
        assert done.returncode == 0, f"{done.stdout[-8000:]}\n{done.stderr[-4000:]}"

    def test(self, scenario: str) -> None:
        if self.behind != SCENARIOS[: SCENARIOS.index(scenario)]:
            self.destroy(scenario)
        self.run("test", "--scenario-name", scenario, "--destroy", "never")
        self.behind.append(scenario)

    def destroy(self, scenario: str) -> None:
        self.run("destroy", "--scenario-name", scenario)
        shutil.rmtree(self.state)
        self.behind = []


@pytest.fixture(scope="module")
def molecule(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Molecule]:
    """Hand out one molecule whose node is gone at the end; the bundle is built first, when it is not there."""
    runner = Molecule(tmp_path_factory.mktemp("molecule") / "state")
    # There is one such node on a machine: a second session would take it away from under the first.
    with exclusive(paths.state("molecule") / "tests.lock", "tests/molecule"):
        runner.destroy(SCENARIOS[0])
        yield runner
        runner.destroy(SCENARIOS[0])


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(molecule: Molecule, scenario: str) -> None:
    molecule.test(scenario)
