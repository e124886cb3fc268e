"""`blackstart report` from outside: which run is meant, what is printed where, and what is said about a wrong name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from blackstart.engine.lock import exclusive, held
from blackstart.errors import InputError
from blackstart.report.read import find_run, read_journal

CASES = Path(__file__).parents[1] / "cases" / "journals"
RUNS = {"20261124T093641900-up": "failed", "20261124T100000770-up": "killed", "20261124T104130412-up": "cold_start"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Make a state folder in which one cluster had three runs."""
    for name, case in RUNS.items():
        folder = tmp_path / "blackstart" / "lab" / "runs" / name
        folder.mkdir(parents=True)
        (folder / "journal.jsonl").write_bytes((CASES / f"{case}.jsonl").read_bytes())
    return tmp_path


def report(home: Path, *arguments: str, encoding: str = "utf-8") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XDG_STATE_HOME": str(home), "PYTHONIOENCODING": encoding}
    argv = [sys.executable, "-m", "blackstart", *arguments]
    return subprocess.run(
        argv, capture_output=True, text=True, encoding="utf-8", env=environment, timeout=60, check=False
    )


def test_latest_run_is_the_default(home: Path) -> None:
    done = report(home, "report")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Cold start: 3 nodes, dark → healthy in 2 min 38 s\n")
    page = home / "blackstart/lab/runs/20261124T104130412-up/report.html"
    assert done.stdout.endswith(f"report: {page}\n")
    assert page.exists()


def test_beginning_of_a_name_is_enough_and_killed_is_said(home: Path) -> None:
    done = report(home, "report", "20261124T10000")
    assert done.returncode == 0
    assert done.stdout.startswith("Killed at members after 1 min 22 s")


def test_json_is_one_document(home: Path) -> None:
    done = report(home, "--json", "report", "20261124T093641900-up")
    document = json.loads(done.stdout)
    assert (done.returncode, document["outcome"], document["exit_code"]) == (0, "failed", 7)
    assert {phase["phase"]: phase["status"] for phase in document["phases"]}["kubernetes"] == "failed"


def test_list_is_oldest_first(home: Path) -> None:
    done = report(home, "report", "--list")
    assert [line.split()[0] for line in done.stdout.splitlines()] == sorted(RUNS)


def test_unknown_run_names_the_nearest(home: Path) -> None:
    done = report(home, "report", "20261124T104130999-up")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no run 20261124T104130999-up" in done.stderr
    assert "did you mean 20261124T104130412-up" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_run_yet(tmp_path: Path) -> None:
    done = report(tmp_path, "report")
    assert done.returncode == 2
    assert "there is no run to report on" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_stream_without_unicode_gets_a_readable_report(home: Path) -> None:
    done = report(home, "report", encoding="ascii")
    assert done.returncode == 0
    assert done.stdout.startswith("Cold start: 3 nodes, dark ? healthy")


def test_path_of_a_run_or_its_journal_will_do(home: Path) -> None:
    folder = home / "blackstart/lab/runs/20261124T100000770-up"
    assert find_run([], str(folder)) == find_run([], str(folder / "journal.jsonl")) == folder


def test_ambiguous_beginning_is_refused_with_what_fits(home: Path) -> None:
    with pytest.raises(InputError, match="3 runs begin with 20261124"):
        find_run([home / "blackstart" / "lab"], "20261124")


def test_damaged_line_is_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    lines = (CASES / "noop.jsonl").read_text().splitlines()
    (tmp_path / "journal.jsonl").write_text("\n".join([lines[0], '{"at": 1', "[]", *lines[1:]]) + "\n")
    events = read_journal(tmp_path)
    assert [event["kind"] for event in events] == ["run", "plan", "end", "damaged"]
    assert events[-1]["lines"] == 2


def test_missing_journal_is_said_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file") as caught:
        read_journal(tmp_path)
    assert "--list" in caught.value.hint


def test_lock_is_held_only_while_somebody_holds_it(tmp_path: Path) -> None:
    assert not held(tmp_path / "lock")
    with exclusive(tmp_path / "lock", "up"):
        assert held(tmp_path / "lock")
    assert not held(tmp_path / "lock")
