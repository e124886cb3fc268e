"""Awkward machines, one per file of tests/machines/disks: what each disk is to us, and how one field changes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from blackstart.disks.verdict import Code, Role, State, Verdict
from blackstart.disks.writes import to_write, wishes
from blackstart.errors import RefusedError
from blackstart.node import board
from tests.support.disks.machines import MACHINES, edited, judged, node
from tests.support.machines import firmware

if TYPE_CHECKING:
    from pathlib import Path

# What is wanted instead need not be said.
SPEAK_FOR_THEMSELVES = {Code.NOT_NAMED, Code.UNREADABLE, Code.UNREAD, Code.OSD_UNKNOWN}


def short(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as the files have it."""
    return {
        "role": str(verdict.role),
        "state": str(verdict.state),
        "codes": sorted(verdict.codes),
        "data_at_risk": verdict.data_at_risk,
        "live": verdict.live,
    }


def named(machine: dict[str, Any]) -> set[str]:
    disks = machine["disks"]
    return {disk["id"] for disk in (disks["boot"], *disks["ceph"])}


@pytest.mark.parametrize("name", MACHINES)
def test_what_each_disk_is_to_us(name: str) -> None:
    machine = MACHINES[name]
    verdicts = judged(machine)
    assert {disk: short(verdicts[disk]) for disk in machine["verdicts"]} == machine["verdicts"]
    assert named(machine) <= set(machine["verdicts"])
    assert all(verdict.role is Role.UNNAMED for disk, verdict in verdicts.items() if disk not in named(machine))


@pytest.mark.parametrize("name", MACHINES)
def test_one_field_changes_the_verdict(name: str) -> None:
    machine = MACHINES[name]
    assert machine["recorded"]
    assert machine["constructed"]
    before, after = judged(machine), judged(edited(machine))
    expected = machine["edit"]["verdicts"]
    assert {disk: short(after[disk]) for disk in expected} == expected
    assert any(disk not in before or short(before[disk]) != short(after[disk]) for disk in expected)


@pytest.mark.parametrize("name", MACHINES)
def test_the_board_is_what_firmware_says(name: str, tmp_path: Path) -> None:
    """That firmware's table is one, the real dmidecode says in tests/unit/test_gpu.py."""
    firmware(MACHINES[name]["dmidecode"], tmp_path)
    assert board.serial(tmp_path) == MACHINES[name]["facts"]["board_serial"]


@pytest.mark.parametrize("name", MACHINES)
def test_every_refusal_has_evidence_and_a_next_step(name: str) -> None:
    for verdict in (*judged(MACHINES[name]).values(), *judged(edited(MACHINES[name])).values()):
        assert bool(verdict.reasons) == (verdict.state is State.REFUSED)
        for reason in verdict.reasons:
            assert reason.hint, reason
            assert "wanted" in reason.text or reason.code in SPEAK_FOR_THEMSELVES, reason


@pytest.mark.parametrize("name", MACHINES)
def test_nothing_is_written_without_both_keys(name: str) -> None:
    machine, verdicts = MACHINES[name], judged(MACHINES[name]).values()
    assert wishes([node(machine)]) == {}
    assert to_write(verdicts, {}, []) == ()
    serials = {v.seen.serial for v in verdicts if v.seen}
    assert serials
    for serial in serials:  # the command line alone opens nothing; nor does the desired state
        with pytest.raises(RefusedError, match="no disk of the inventory"):
            to_write(verdicts, {}, [serial])
    assert to_write(verdicts, {(v.node, v.disk): v.seen.serial for v in verdicts if v.seen}, []) == ()


def test_there_are_enough_machines() -> None:
    assert len(MACHINES) >= 22
