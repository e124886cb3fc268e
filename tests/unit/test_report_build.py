"""A journal's events become whole figures: nothing is counted twice, nothing is lost, whatever ended the run."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from blackstart.report import build, read_journal
from blackstart.report.figures import changed_tasks, changes, changes_on, shares, slowest
from blackstart.report.headline import headline
from blackstart.report.model import Fate, Outcome, Report, Span
from blackstart.report.words import count, duration, places, unbroken

CASES = Path(__file__).parents[1] / "cases" / "journals"
LOCAL = ("base_os", "containerd", "image_preload", "kubernetes", "api_endpoint")


@pytest.fixture
def report(tmp_path: Path, request: pytest.FixtureRequest) -> Report:
    (tmp_path / "journal.jsonl").write_bytes((CASES / f"{request.param}.jsonl").read_bytes())
    return build(read_journal(tmp_path))


def of(case: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("report", [case], indirect=True)


def journal(*events: dict[str, Any], end: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Make a run on two nodes that begins at 1000 s; each event's `at` counts from there."""
    first = {"at": 0.0, "kind": "run", "verb": "up", "cluster": "lab", "run": "r-up", "nodes": ["a", "b"]}
    last = [{"kind": "end", "summary": {}, **end}] if end else []
    return [{**event, "at": 1000.0 + event["at"]} for event in (first, *events, *last)]


@of("cold_start")
def test_cold_start_time_is_shared_out_without_rest(report: Report) -> None:
    parts = shares(report)
    assert parts.applying + parts.waiting + parts.other == pytest.approx(report.seconds)
    assert sum(phase.seconds for phase in report.phases) == pytest.approx(parts.applying)
    assert sum(phase.waited for phase in report.phases) == pytest.approx(parts.waiting)


@of("cold_start")
def test_neighbours_in_one_ansible_run_add_up_to_that_run(report: Report) -> None:
    local = [phase for phase in report.phases if phase.name in LOCAL]
    assert [phase.name for phase in local] == list(LOCAL)
    assert sum(phase.seconds for phase in local) == pytest.approx(local[-1].spans[0].end - local[0].spans[0].start)
    for before, after in pairwise(local):
        assert before.spans[0].end == after.spans[0].start


@of("cold_start")
def test_cold_start_facts(report: Report) -> None:
    assert headline(report) == "Cold start: 3 nodes, dark → healthy in 2 min 38 s"
    assert report.outcome is Outcome.OK
    assert all(phase.fate is Fate.DONE for phase in report.phases)
    assert changes(report) == sum(changes_on(report, node) for node in report.nodes) == 62
    assert [wait.phase for wait in report.waits] == ["control_plane", "members", "argocd", "root_application"]
    assert report.waits[-1].seen == "5 of 5 leaves Synced and Healthy at 3f9c2ab"
    assert [what for what, _ in report.healed] == ["pod kube-system/coredns-7d764666f9-4kq2x"]


@of("cold_start")
def test_background_import_lasts_from_its_start_until_it_was_seen_done(report: Report) -> None:
    preload = next(phase for phase in report.phases if phase.name == "image_preload")
    members = next(phase for phase in report.phases if phase.name == "members")
    assert preload.background == Span(preload.spans[0].end, preload.opened or 0)
    assert members.spans[0].start < preload.background.end < members.spans[0].end


@of("cold_start")
def test_slowest_task_counts_once_by_its_slowest_node(report: Report) -> None:
    tasks = slowest(report)
    assert len(tasks) == 10
    assert (tasks[0].task.task, tasks[0].task.node) == ("Join as a learner with kubeadm join", "balthasar-2")
    assert [node for node, _ in tasks[0].others] == ["casper-3"]
    lengths = [slow.task.span.seconds for slow in tasks]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[0] == pytest.approx(max(task.span.seconds for task in report.tasks))


@of("cold_start")
def test_phase_that_was_not_planned_stands_where_it_ran(report: Report) -> None:
    names = [phase.name for phase in report.phases]
    assert names[-2:] == ["revive", "root_application"]
    assert report.phases[-2].reasons == ()


@of("noop")
def test_noop(report: Report) -> None:
    assert headline(report) == "Nothing to do: 3 nodes ready and the cluster healthy, seen in 1.8 s"
    assert (report.phases, report.waits, changes(report)) == ((), (), 0)


@of("failed")
def test_failed_run_blames_the_phase_of_the_failed_task(report: Report) -> None:
    fates = {phase.name: phase.fate for phase in report.phases}
    assert headline(report) == "Stopped at kubernetes after 24 s: a task failed on casper-3"
    assert fates["kubernetes"] is Fate.FAILED
    assert {fates[name] for name in LOCAL[:3]} == {Fate.RAN}
    assert fates["api_endpoint"] is fates["root_application"] is Fate.NOT_REACHED
    assert report.errors[0].exit_code == 7
    kubernetes = next(phase for phase in report.phases if phase.name == "kubernetes")
    nodes, tasks = changed_tasks(kubernetes)[0]
    assert places(nodes, report.nodes) == "melchior-1, balthasar-2"
    assert tasks == ("Install kubelet, kubeadm and kubectl",)


@of("killed")
def test_killed_run_with_half_a_last_line(report: Report) -> None:
    assert headline(report) == "Killed at members after 1 min 22 s; run it again to go on"
    assert (report.outcome, report.exit_code, report.damaged) == (Outcome.KILLED, None, 0)
    fates = {phase.name: phase.fate for phase in report.phases}
    assert fates["members"] is Fate.KILLED
    assert fates["argocd"] is Fate.DONE
    assert fates["root_application"] is Fate.NOT_REACHED


def test_run_that_holds_the_lock_is_running_not_killed() -> None:
    events = journal({"at": 2, "kind": "phase_start", "phase": "seed", "title": "Seed", "nodes": ["a"]})
    assert headline(build(events, running=True)) == "Still running: at seed after 2.0 s"


def test_gate_that_was_waited_for_when_the_run_was_killed_lasts_to_the_end() -> None:
    events = journal(
        {"at": 1, "kind": "gate_start", "phase": "argocd", "title": "Argo"},
        {"at": 1, "kind": "gate_look", "phase": "argocd", "open": False, "seen": "0 of 7"},
        {"at": 9, "kind": "gate_look", "phase": "argocd", "open": False, "seen": "6 of 7"},
    )
    wait = build(events).waits[0]
    assert (wait.open, wait.seen, wait.span.seconds) == (False, "6 of 7", 8)


def test_gate_that_timed_out_is_the_headline() -> None:
    events = journal(
        {"at": 1, "kind": "gate_start", "phase": "cilium", "title": "Network"},
        {"at": 301, "kind": "gate_end", "phase": "cilium", "open": False, "seconds": 300.0, "seen": "2 of 3 agents"},
        {"at": 301, "kind": "error", "exit_code": 5, "message": "cilium did not come true", "hint": ""},
        end={"at": 301, "exit_code": 5, "seconds": 301.0},
    )
    assert headline(build(events)) == "Stopped at cilium: not true after 5 min 00 s of waiting"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (1, "Stopped after 2.0 s"),
        (2, "Stopped at the input after 2.0 s: nothing was touched"),
        (3, "Refused after 2.0 s: going on would have risked data or quorum"),
        (4, "Stopped before anything was touched: a node or the API did not answer (2.0 s)"),
        (130, "Interrupted after 2.0 s; run it again to go on"),
    ],
)
def test_run_that_stopped_before_its_first_phase(code: int, said: str) -> None:
    assert headline(build(journal(end={"at": 2, "exit_code": code, "seconds": 2.0}))) == said


def test_repair_of_one_layer_does_not_claim_health() -> None:
    events = journal(
        {"at": 1, "kind": "phase_start", "phase": "cilium", "title": "Network", "nodes": ["a"]},
        {"at": 5, "kind": "phase_end", "phase": "cilium", "status": "ok", "changed": {}, "seconds": 4.0},
        end={"at": 6, "exit_code": 0, "seconds": 6.0},
    )
    events[0]["only"] = "network"
    assert headline(build(events)) == "Repaired network in 6.0 s"


def test_batch_whose_first_task_never_began_belongs_to_its_first_phase() -> None:
    starts = [{"at": 1, "kind": "phase_start", "phase": name, "title": name, "nodes": ["a"]} for name in LOCAL]
    report = build(journal(*starts, end={"at": 4, "exit_code": 130, "seconds": 4.0}))
    assert report.reached == "base_os"
    assert [phase.fate for phase in report.phases] == [Fate.INTERRUPTED, *[Fate.NOT_REACHED] * 4]


def test_failed_task_that_was_rescued_is_no_failure() -> None:
    task = {"phase": "seed", "role": "seed", "task": "Try", "node": "a", "status": "failed", "seconds": 1.0}
    events = journal(
        {"at": 1, "kind": "phase_start", "phase": "seed", "title": "Seed", "nodes": ["a"]},
        {"at": 3, "kind": "task", **task},
        {"at": 4, "kind": "phase_end", "phase": "seed", "status": "ok", "changed": {}, "seconds": 3.0},
        end={"at": 5, "exit_code": 0, "seconds": 5.0},
    )
    assert [phase.fate for phase in build(events).phases] == [Fate.DONE]


def test_empty_journal_is_a_killed_run() -> None:
    report = build([], run="20261124T100000000-up")
    assert (report.run, report.outcome) == ("20261124T100000000-up", Outcome.KILLED)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (151, "2 min 31 s"), (3725, "1 h 02 min")],
)
def test_durations(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_words() -> None:
    assert count(1, "change") == "1 change"
    assert count(0, "change") == "0 changes"
    assert places(("b", "a"), ("a", "b")) == "all 2 nodes"
    assert places(("",), ("a", "b")) == "cluster"
    assert places(("a",), ("a",)) == "a"
    assert unbroken("in 2 min 31 s at 3 nodes") == "in 2\u00a0min 31\u00a0s at 3 nodes"
