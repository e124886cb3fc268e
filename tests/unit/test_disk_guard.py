"""What the guard makes of verdicts, what the phases make of it, and how a refusal reaches the exit code."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from blackstart import verbs
from blackstart.cli import up
from blackstart.cli.main import parse
from blackstart.disks.facts import Blank, DiskFacts, DiskTable, Osd, Signature, Use
from blackstart.disks.guard import documents, guard
from blackstart.engine import events
from blackstart.engine.journal import Journal
from blackstart.errors import InputError, RefusedError, RoleFailedError
from blackstart.model import cluster
from blackstart.model.cluster import Disks, Node
from blackstart.node.disks import scheduler, verdicts
from blackstart.phases import ceph_disks, disk_guard
from blackstart.phases.disk_guard import DiskGuard, require_wishes
from blackstart.probe.observed import DiskVerdict, NodeFacts, Observed, Receipt

if TYPE_CHECKING:
    from pathlib import Path

    from blackstart.model.cluster import Cluster

FSID = "6a1b0c5e-6f0f-4c7e-9b1a-0f8a4b1c2d3e"
OTHER = "0f0f0f0f-6f0f-4c7e-9b1a-0f8a4b1c2d3e"
BLANK = Blank(looked=True, full=True, read_bytes=6_000_000_000)
EXT4 = Signature("ext4", "filesystem", 0x438)
OSD = Osd(0, "3f1c8a9e-4b4b-4f0e-8d8d-0d6a5a9b7c11", FSID, "4")


def disk(name: str, serial: str, **changes: Any) -> DiskFacts:
    there = DiskFacts(name, f"/dev/{name}", f"7:{serial}", 6_000_000_000, (f"nvme-{serial}",), serial, blank=BLANK)
    return replace(there, **changes)


def table(*disks: DiskFacts) -> DiskTable:
    return DiskTable(disks, {link: each.name for each in disks for link in each.by_id})


def node(board: str = "", **wipes: str) -> Node:
    """Return a node with this board_serial and two disks for Ceph, 64 and 65, whose `wipe` is as given."""
    ceph = [
        cluster.Disk(id=f"nvme-{serial}", size_gb=6, serial=serial, wipe=wipes.get(f"of_{serial}", ""))
        for serial in ("64", "65")
    ]
    boot = cluster.Disk(id="CHANGE-ME-boot", size_gb=4)
    return Node.of_disks("casper-3", Disks(boot=boot, ceph=tuple(ceph)), board)


def judged(*disks: DiskFacts, confirmed: tuple[str, ...] = (), **wipes: str) -> Any:
    return guard(node(**wipes), table(*disks), fsid=FSID, confirmed=confirmed)


def test_blank_disks_and_our_own_osds_end_nothing() -> None:
    outcome = judged(disk("loop64", "64"), disk("loop65", "65", bluestore=(OSD,)))
    assert (outcome.refusals, outcome.writes, outcome.notes) == ((), (), ())
    assert [(entry["id"], entry["state"], entry["said"], entry["there"]) for entry in documents(outcome.verdicts)] == [
        ("nvme-64", "usable", "", True),
        ("nvme-65", "ours", f"OSD 4 of cluster {FSID}", True),
    ]


def test_every_disk_at_risk_is_named_with_every_reason() -> None:
    foreign = replace(OSD, ceph_fsid=OTHER)
    outcome = judged(
        disk("loop64", "64", signatures=(EXT4,), uses=(Use("mount", "loop64", "/srv"),)),
        disk("loop65", "65", bluestore=(foreign,)),
    )
    first, second = outcome.refusals
    assert first.startswith("nvme-64 (ceph) is refused:\n- ")
    assert "ext4" in first
    assert "mounted at /srv" in first
    assert OTHER in second


def test_a_disk_that_nobody_names_is_nobody_s_business() -> None:
    outcome = judged(disk("loop64", "64"), disk("loop65", "65"), disk("vda", "9", signatures=(EXT4,)))
    assert outcome.refusals == ()


def test_a_missing_or_a_failing_disk_is_said_and_ends_nothing() -> None:
    outcome = judged(disk("loop64", "64", blank=replace(BLANK, error_at=4096)))
    assert outcome.refusals == ()
    failing, missing = outcome.notes
    assert "cannot be read at byte 4096" in failing
    assert failing.startswith("nvme-64: ")
    assert missing.startswith("nvme-65 is not below /dev/disk/by-id/")
    assert [entry["there"] for entry in documents(outcome.verdicts)] == [True, False]
    assert not any("CHANGE-ME" in note for note in outcome.notes)


def in_the_machine(board: str, wanted: str, **wipes: str) -> Any:
    """Judge one disk of two, in a machine with a board while the inventory wants one; 64 is confirmed for a wipe."""
    there = replace(table(disk("loop64", "64", signatures=(EXT4,) if wipes else ())), board_serial=board)
    return guard(node(wanted, **wipes), there, fsid=FSID, confirmed=("64",))


def test_disks_of_another_machine_end_the_run_also_those_that_are_missing_here() -> None:
    outcome = in_the_machine("B3", "B1")
    assert [refusal.partition(" (")[0] for refusal in outcome.refusals] == ["CHANGE-ME-boot", "nvme-64", "nvme-65"]
    for refusal in outcome.refusals:
        assert "- found the mainboard with serial number B3, wanted B1: these are the disks of another" in refusal
        assert "grep -r B3 host_vars" in refusal
        assert "board_serial: B3 in host_vars/casper-3.yml" in refusal
    assert outcome.writes == outcome.notes == ()


@pytest.mark.parametrize(("board", "wanted"), [("B1", "B1"), ("", "B1"), ("B1", ""), ("B1", "CHANGE-ME-board")])
def test_a_board_that_says_nothing_or_of_which_nothing_is_known_ends_nothing(board: str, wanted: str) -> None:
    outcome = in_the_machine(board, wanted)
    assert outcome.refusals == ()
    assert len(outcome.notes) == 1  # the missing one


def test_nothing_is_wiped_in_another_machine() -> None:
    assert [write.disk for write in in_the_machine("B1", "B1", of_64="64").writes] == ["nvme-64"]
    with pytest.raises(RefusedError, match=r"nvme-64 of casper-3 cannot be wiped: .* B3, wanted B1"):
        in_the_machine("B3", "B1", of_64="64")


def test_a_wipe_needs_both_and_clears_that_disk_alone() -> None:
    disks = (disk("loop64", "64", signatures=(EXT4,)), disk("loop65", "65", signatures=(EXT4,)))
    field_only = judged(*disks, of_64="64")
    assert field_only.writes == ()
    assert len(field_only.refusals) == 2
    assert "wipe: 64 is set; nothing was written" in field_only.refusals[0]
    option_only = judged(*disks, confirmed=("64",))
    assert option_only.writes == ()
    assert len(option_only.refusals) == 2
    both = judged(*disks, of_64="64", confirmed=("64", "serial of another node"))
    assert [write.disk for write in both.writes] == ["nvme-64"]
    assert len(both.refusals) == 1
    assert both.refusals[0].startswith("nvme-65 ")


def test_the_disk_of_a_live_osd_cannot_be_forced() -> None:
    live = disk("loop64", "64", bluestore=(OSD,), uses=(Use("open", "loop64", "ceph-osd (process 812)"),))
    with pytest.raises(RefusedError, match=f"OSD 4 of cluster {FSID}"):
        judged(live, disk("loop65", "65"), of_64="64", confirmed=("64",))
    kept = judged(live, disk("loop65", "65"), of_64="64")
    assert kept.refusals == ()
    assert "stays as it is" in kept.notes[0]


RECEIPTS = {name: Receipt("today") for name in ("disk_guard", "ceph_disks")}
THERE = DiskVerdict("nvme-64", "usable", "", there=True, now=True)
GONE = replace(THERE, id="nvme-65", state="refused", said="nvme-65 is not there", there=False, now=False)


def desired(board: str = "", **wipes: str) -> Cluster:
    one = node(board, **wipes)
    return cast("Cluster", SimpleNamespace(nodes=(one,), node_names=("casper-3",), node=lambda _name: one))


def seen(*disks: DiskVerdict, **changes: Any) -> Observed:
    facts = NodeFacts(**{"name": "casper-3", "receipts": RECEIPTS, "disks": disks, **changes})
    return Observed(nodes={"casper-3": facts}, inputs={(name, "casper-3"): "today" for name in RECEIPTS})


def test_nothing_to_do_while_the_disks_that_were_judged_are_there() -> None:
    observed = seen(THERE, replace(THERE, id="nvme-65", state="ours", said="OSD 4"))
    assert disk_guard.PHASE.reasons(desired(), observed) == []
    assert ceph_disks.PHASE.reasons(desired(), observed) == []
    assert disk_guard.PHASE.gate(desired(), observed).seen == "casper-3: 1 ours, 1 usable"


def test_a_missing_disk_keeps_no_gate_shut_and_is_named() -> None:
    look = disk_guard.PHASE.gate(desired(), seen(THERE, GONE))
    assert look.open
    assert look.seen == "casper-3: 1 usable, nvme-65 is not there"
    assert disk_guard.PHASE.reasons(desired(), seen(THERE, GONE)) == []


@pytest.mark.parametrize(
    ("disk", "said"),
    [(replace(THERE, now=False), "nvme-64 is gone"), (replace(GONE, now=True), "nvme-65 is there now")],
    ids=["gone", "back"],
)
def test_a_disk_that_went_or_came_is_judged_anew_with_its_surroundings(disk: DiskVerdict, said: str) -> None:
    assert [reason.text for reason in disk_guard.PHASE.reasons(desired(), seen(disk))] == [said]
    assert [reason.node for reason in ceph_disks.PHASE.reasons(desired(), seen(disk))] == ["casper-3"]


def test_another_board_than_the_inventory_s_is_a_reason_to_judge_anew() -> None:
    where = desired("B1")
    assert disk_guard.PHASE.reasons(where, seen(THERE, board_serial="B1")) == []
    assert disk_guard.PHASE.reasons(where, seen(THERE, board_serial="")) == []
    (reason,) = disk_guard.PHASE.reasons(where, seen(THERE, board_serial="B3"))
    assert "found the mainboard with serial number B3, wanted B1" in reason.text


def test_disks_that_nobody_judged_keep_the_gate_shut() -> None:
    assert "its disks were not judged yet" in disk_guard.PHASE.gate(desired(), seen()).seen


def test_a_confirmed_wipe_is_a_reason_and_reaches_the_play() -> None:
    guarding = DiskGuard(("64",))
    assert guarding.reasons(desired(), seen(THERE)) == []
    found = guarding.reasons(desired(of_64="64"), seen(THERE))
    assert [reason.text for reason in found] == ["wiping nvme-64 is asked for and confirmed"]
    play = guarding.play(desired(of_64="64"), seen(THERE))
    assert (play.limit, play.variables) == (("casper-3",), {"disk_guard_confirmed": ["64"]})


def test_an_option_alone_is_refused_with_what_is_missing() -> None:
    require_wishes(desired(of_64="64"), ["64"], ["casper-3"])
    with pytest.raises(RefusedError, match="nothing was written") as caught:
        require_wishes(desired(), ["64"], ["casper-3"])
    assert "add `wipe: 64` to nvme-64 in host_vars/casper-3.yml" in caught.value.hint
    with pytest.raises(RefusedError) as caught:
        require_wishes(desired(of_64="S7KHNJ0Y612649F"), ["S7KHNJ0Y61264F"], ["casper-3"])
    assert caught.value.hint == "was S7KHNJ0Y612649F meant?"
    with pytest.raises(RefusedError):
        require_wishes(desired(of_64="64"), ["64"], [])


def test_the_command_line_hands_confirmed_serials_to_the_guard_and_to_nothing_else() -> None:
    args = parse(["up", "--yes-wipe", "64", "--yes-wipe", "65"])
    assert args.yes_wipe == ["64", "65"]
    opened: Any = SimpleNamespace(desired=desired(of_64="64", of_65="65"), limit=("casper-3",))
    phases = up._confirmed(verbs.UP, args.yes_wipe, opened)  # noqa: SLF001 - what lies between the two
    assert [phase.name for phase in phases] == [phase.name for phase in verbs.UP]
    assert [phase.confirmed for phase in phases if isinstance(phase, DiskGuard)] == [("64", "65")]
    assert [phase for phase in phases if phase not in verbs.UP] == [DiskGuard(("64", "65"))]
    assert up._confirmed(verbs.UP, [], opened) is verbs.UP  # noqa: SLF001 - as above
    with pytest.raises(InputError, match="--only"):
        up._confirmed(verbs.ONLY["network"], ["64"], opened)  # noqa: SLF001 - as above


def event(node: str, role: str, result: dict[str, Any], kind: str = "runner_on_failed") -> dict[str, Any]:
    data = {"host": node, "task": "Judge", "role": role, "res": result, "play": "Disks"}
    return {"event": kind, "event_data": data, "pid": 1}


def test_a_refusal_of_a_role_is_a_refusal_of_ours_once_for_each_node(tmp_path: Path) -> None:
    watcher = events.Watcher(Journal(tmp_path / "run"), {"Disks": "disk_guard"})
    for name in ("b", "a", "a"):
        watcher(event(name, "disk_guard", {"msg": f"nvme-{name} is refused", "blackstart_refused": True}))
    watcher(event("c", "containerd", {"msg": "something else"}))
    error = events.failure(watcher, tmp_path)
    assert isinstance(error, RefusedError)
    assert error.message == "a: nvme-a is refused\nb: nvme-b is refused"


def test_another_failure_stays_a_role_s_and_notes_reach_the_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "run")
    watcher = events.Watcher(journal, {"Disks": "disk_guard"})
    watcher(event("a", "disk_guard", {"blackstart_notes": ["nvme-65 is not there"]}, kind="runner_on_ok"))
    watcher(event("a", "disk_guard", {"msg": "bad"}))
    assert isinstance(events.failure(watcher, tmp_path), RoleFailedError)
    lines = [json.loads(line) for line in (tmp_path / "run/journal.jsonl").read_text().splitlines()]
    assert [line["text"] for line in lines if line["kind"] == "note"] == ["a: nvme-65 is not there"]


def test_a_look_tells_what_was_judged_and_what_is_there_now(tmp_path: Path) -> None:
    file, links = tmp_path / "disks.json", tmp_path / "by-id"
    links.mkdir()
    (links / "nvme-64").symlink_to("/dev/null")
    (links / "nvme-65").symlink_to("../../gone")
    entry = {"state": "usable", "said": "", "there": True, "serial": "64"}
    file.write_text(json.dumps({"disks": [{"id": name, **entry} for name in ("nvme-64", "nvme-65")]}))
    assert [disk["now"] for disk in verdicts.read(file, links)] == [True, False]
    assert DiskVerdict(**verdicts.read(file, links)[0]).there
    assert verdicts.read(tmp_path / "none", links) == []
    file.write_text('{"disks": [{"id": 1')
    assert verdicts.read(file, links) == []


def test_a_scheduler_is_set_by_name_and_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nvme0n1/queue").mkdir(parents=True)
    (tmp_path / "nvme-64").symlink_to(tmp_path / "nvme0n1")
    file = tmp_path / "nvme0n1/queue/scheduler"
    monkeypatch.setattr(scheduler, "BY_ID", tmp_path)
    monkeypatch.setattr(scheduler, "BLOCK", tmp_path)
    file.write_text("[mq-deadline] kyber none\n")
    assert scheduler.ensure("nvme-64", "none", dry=True)
    assert file.read_text() == "[mq-deadline] kyber none\n"
    assert scheduler.ensure("nvme-64", "none", dry=False)
    assert file.read_text() == "none"
    assert not scheduler.ensure("nvme-64", "none", dry=False)
    with pytest.raises(ValueError, match="the kernel offers none, wanted bfq"):
        scheduler.ensure("nvme-64", "bfq", dry=False)
