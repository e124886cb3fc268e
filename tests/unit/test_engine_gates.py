"""Waiting: what was seen is said once per change, and patience ends with evidence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from blackstart.engine.gates import OPENINGS, Gates
from blackstart.engine.journal import Journal
from blackstart.errors import GateTimeoutError
from blackstart.step import Look, Step
from tests.support.clock import Clock

if TYPE_CHECKING:
    from pathlib import Path


class Network(Step):
    name, title, timeout = "network", "Wait for the network", 5.0


NETWORK = Network()
OPEN = Look(open=True, seen="3 of 3")


class Watched:
    """Gates over one step, with a clock that a look moves on by a second."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.file = folder / "run" / "journal.jsonl"
        self.gates = Gates(Journal(folder / "run"), lambda step: step.timeout, clock=self.clock)

    def see(self, *looks: Look, awaited: bool = True, running: bool = False) -> None:
        for look in looks:
            names = {"network"} if awaited and not look.open else set()
            self.gates.follow([NETWORK], {"network": look}, names, running=running)
            self.clock.sleep(1)

    def events(self) -> list[tuple[str, Any]]:
        return [(event["kind"], event.get("seen")) for event in map(json.loads, self.file.read_text().splitlines())]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def shut(seen: str) -> Look:
    return Look(open=False, seen=seen)


def test_an_open_gate_is_not_journaled(watched: Watched) -> None:
    watched.see(OPEN, OPEN)
    assert watched.events() == []


def test_what_is_seen_is_journaled_once_per_change(watched: Watched) -> None:
    watched.see(shut("1 of 3"), shut("2 of 3"), shut("2 of 3"), OPEN)
    assert watched.events() == [
        ("gate_start", None),
        ("gate_look", "1 of 3"),
        ("gate_look", "2 of 3"),
        ("gate_end", "3 of 3"),
    ]


def test_a_gate_that_stays_closed_times_out_with_its_last_words(watched: Watched) -> None:
    with pytest.raises(GateTimeoutError, match="network timed out after 5 s; last seen: casper-3 is NotReady"):
        watched.see(*[shut("casper-3 is NotReady")] * 8)
    assert watched.events()[-1] == ("gate_end", "casper-3 is NotReady")


def test_time_in_which_something_runs_does_not_count(watched: Watched) -> None:
    watched.see(*[shut("no agent")] * 20, running=True)
    with pytest.raises(GateTimeoutError, match="5 s"):
        watched.see(*[shut("no agent")] * 8)


def test_what_another_step_stands_in_the_way_of_is_not_waited_for(watched: Watched) -> None:
    watched.see(*[shut("no API")] * 20, awaited=False)
    assert watched.events() == []


def test_an_applied_step_is_journaled_once_when_its_gate_is_first_seen_open(watched: Watched) -> None:
    watched.gates.applied([NETWORK])
    watched.see(shut("1 of 3"), awaited=False)
    watched.see(OPEN, OPEN)
    assert watched.events() == [("gate_look", "3 of 3")]


def test_a_gate_that_never_stays_open_ends_the_run(watched: Watched) -> None:
    with pytest.raises(GateTimeoutError, match="keeps opening and closing"):
        watched.see(*[shut("gone"), OPEN] * (OPENINGS + 2))
