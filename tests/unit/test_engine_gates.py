"""Waiting: looks until open, says what it saw, runs out of time with evidence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from blackstart.engine.gates import Gates
from blackstart.engine.journal import Journal
from blackstart.errors import GateTimeoutError
from blackstart.phases.base import Look
from tests.unit.clock import Clock

if TYPE_CHECKING:
    from pathlib import Path


class Observer:
    """Sees the next of a row of looks each time; the last one for ever."""

    def __init__(self, *looks: Look) -> None:
        self.looks = list(looks)

    @property
    def latest(self) -> Look:
        return self.looks[0]

    def look(self) -> Look:
        if len(self.looks) > 1:
            self.looks.pop(0)
        return self.looks[0]


class Phase:
    name, title, timeout = "network", "Wait for the network", 5.0

    def gate(self, desired: Any, observed: Look) -> Look:
        return observed


NOTHING: Any = None  # desired
NETWORK: Any = Phase()  # as much of a phase as is waited for


def gates(tmp_path: Path, *looks: Look, timeout: float = 5.0) -> tuple[Gates, Path]:
    clock = Clock()
    journal = Journal(tmp_path / "run")
    timeouts = {"network": timeout, "leaves": timeout}
    observer: Any = Observer(*looks)
    made = Gates(NOTHING, observer, journal, timeouts, clock=clock, sleep=clock.sleep)
    return made, tmp_path / "run" / "journal.jsonl"


def events(file: Path) -> list[tuple[str, Any]]:
    return [(event["kind"], event.get("seen")) for event in map(json.loads, file.read_text().splitlines())]


def test_an_open_gate_costs_nothing_and_is_not_journaled(tmp_path: Path) -> None:
    made, file = gates(tmp_path, Look(open=True, seen="fine"))
    assert made.wait([NETWORK]) is False
    assert events(file) == []


def test_what_is_seen_is_journaled_once_per_change(tmp_path: Path) -> None:
    two = Look(open=False, seen="2 of 3")
    made, file = gates(tmp_path, Look(open=False, seen="1 of 3"), two, two, Look(open=True, seen="3 of 3"))
    assert made.wait([NETWORK]) is True
    assert events(file) == [
        ("gate_start", None),
        ("gate_look", "1 of 3"),
        ("gate_look", "2 of 3"),
        ("gate_end", "3 of 3"),
    ]


def test_a_gate_that_stays_closed_times_out_with_its_last_words(tmp_path: Path) -> None:
    made, file = gates(tmp_path, Look(open=False, seen="casper-3 is NotReady"))
    with pytest.raises(GateTimeoutError, match=r"network .* in 5 s; last seen: casper-3 is NotReady"):
        made.wait([NETWORK])
    assert events(file)[-1] == ("gate_end", "casper-3 is NotReady")


def test_the_given_timeout_replaces_the_phases_own(tmp_path: Path) -> None:
    made, _ = gates(tmp_path, Look(open=False, seen="no"), timeout=2)
    with pytest.raises(GateTimeoutError, match="in 2 s"):
        made.wait([NETWORK])


def test_an_applied_phase_is_journaled_once_when_its_gate_is_first_seen_open(tmp_path: Path) -> None:
    made, file = gates(tmp_path, Look(open=False, seen="1 of 3"), Look(open=True, seen="3 of 3"))
    made.applied([NETWORK])
    assert events(file) == []
    made.wait([NETWORK])
    made.applied([])
    assert events(file)[2:] == [("gate_look", "3 of 3"), ("gate_end", "3 of 3")]


def test_what_needs_a_phase_may_begin_when_enough_of_it_is_there(tmp_path: Path) -> None:
    most = Look(open=False, seen="all but the page", enough=True)
    made, _ = gates(tmp_path, Look(open=False, seen="nothing"), most)
    assert made.wait([NETWORK], enough=True) is True
    with pytest.raises(GateTimeoutError, match="all but the page"):
        made.wait([NETWORK])


class Another(Phase):
    name = "leaves"

    def gate(self, desired: Any, observed: Look) -> Look:
        return Look(open=observed.enough, seen="leaves")


ANOTHER: Any = Another()


def row(*pairs: tuple[bool, bool]) -> list[Look]:
    """Return looks in which the first gate and the second one are open or not."""
    return [Look(open=first, seen=f"{number}", enough=second) for number, (first, second) in enumerate(pairs)]


def test_all_gates_must_be_open_in_one_look(tmp_path: Path) -> None:
    looks = row((True, False), (False, True), (True, True))
    made, file = gates(tmp_path, *looks)
    made.settle([NETWORK, ANOTHER])
    assert [seen for kind, seen in events(file) if kind == "gate_end"] == ["leaves", "2"]


def test_gates_that_never_stay_open_end_the_run(tmp_path: Path) -> None:
    made, _ = gates(tmp_path, *row(*[(False, True), (True, False)] * 40))
    with pytest.raises(GateTimeoutError, match="again and again"):
        made.settle([NETWORK, ANOTHER])
