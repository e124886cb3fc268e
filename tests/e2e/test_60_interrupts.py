"""A second cold start that is interrupted with Ctrl-C as each phase begins, and goes on each time."""

from __future__ import annotations

import signal

import pytest

from blackstart.verbs import UP
from tests.support.lab.harness import Lab, blackstart, until

pytestmark = [pytest.mark.lab, pytest.mark.long]

# revive has something to do only after a power-on, and no reboot is due on nodes whose kernel is this machine's.
PHASES = [phase.name for phase in UP if phase.name not in {"revive", "fresh_reboot", "reboot"}]


@pytest.fixture(scope="module", autouse=True)
def _fresh(lab: Lab) -> None:
    """Three empty nodes again."""
    assert blackstart("lab", "down").returncode == 0
    up = blackstart("lab", "up")
    assert up.returncode == 0, up.stdout + up.stderr


@pytest.mark.parametrize("phase", PHASES)
def test_ctrl_c_stops_cleanly(lab: Lab, phase: str) -> None:
    process = lab.start("--timeout", "400")

    def begun() -> bool:
        events = lab.events_since_start()
        return process.poll() is not None or any(
            event["kind"] in {"phase_start", "gate_start"} and event["phase"] == phase for event in events
        )

    until(begun, 420, f"{phase} begins")
    assert process.poll() is None, f"the run ended before {phase} began: {process.communicate()[0]}"
    status, output = lab.end(process, signal.SIGINT)
    assert status == 130, output
    assert "run the same command" in output
    assert "Traceback" not in output


def test_the_last_run_reaches_healthy(lab: Lab) -> None:
    done = lab.up()
    assert done.returncode == 0, done.stdout + done.stderr
