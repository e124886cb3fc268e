"""Every role on a real node, as molecule scenarios: check mode, converge, idempotence, and a look from outside.

Scenarios run in the order that scenarios.py finds, on one node as long as it fits: what a scenario needs, those before
it have done. Picked out alone (-k containerd) a scenario has its node prepared with what it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from blackstart import verbs
from tests.support.molecule import runner, scenarios

if TYPE_CHECKING:
    from tests.support.molecule.runner import Molecule
    from tests.support.molecule.scenarios import Scenario

SCENARIOS = scenarios.discover([phase.name for phase in verbs.UP])

pytestmark = [pytest.mark.lab, pytest.mark.slow]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario(molecule: Molecule, scenario: Scenario) -> None:
    result = molecule.test(scenario)
    check, converge = result.run("converge.yml", check=True), result.run("converge.yml")
    if check and converge:
        excused = yaml.safe_load((scenarios.ROOT / "molecule" / "exceptions.yml").read_text())["unforetold"]
        assert runner.mispredicted(check, converge, excused) == ""
