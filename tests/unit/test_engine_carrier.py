"""What is sent to a node runs there by itself: tried with this machine's python3 instead of a node's."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from blackstart.engine import carrier, process
from blackstart.engine.channel import Result
from blackstart.errors import BlackstartError, UnreachableError

PROGRAMS = ("machine", "receipts", "api", "disks.survey", "disks.wipe")
REQUEST = {
    "address": "127.0.0.1",
    "endpoint": {"name": "a'b\"c\\", "address": "127.0.0.1", "port": 6443},
    "units": [],
    "images": False,
    "dark": [],
}


class Fleet:
    """Runs what it is given here; or answers what it is told to."""

    def __init__(self, answer: Result | None = None) -> None:
        self.answer = answer

    def run(self, node: str, argv: Any, *, stdin: bytes, timeout: float, check: bool) -> Result:
        if self.answer:
            return self.answer
        done = process.run([sys.executable, *argv[1:]], stdin=stdin, check=False, timeout=timeout)
        return Result(done.returncode, done.stdout, done.stderr)


def ask(fleet: Fleet, program: str = "machine", request: dict[str, Any] = REQUEST) -> carrier.Answer:
    return carrier.send(fleet, "a", program, request)  # type: ignore[arg-type]  # a fake fleet - as much as is used


def test_it_runs_without_our_package() -> None:
    assert ask(Fleet()).answer["memory_bytes"] > 0


def test_a_program_that_is_kept_answers_again_and_again() -> None:
    """As over ssh: one process, a line for each question."""
    script = carrier._resident("machine")  # noqa: SLF001 - what Fleet.ask() is given
    argv = [sys.executable, *carrier._RESIDENT[1:]]  # noqa: SLF001 - as above
    question = json.dumps(REQUEST).encode()
    done = process.run(argv, stdin=b"\n".join([script, question, question, b""]))
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert first["answer"]["boot_id"] == second["answer"]["boot_id"] != ""
    assert first["ended"] <= second["started"]


def test_clocks_of_one_machine_agree() -> None:
    assert ask(Fleet()).clock == 0.0


def test_the_api_part_says_why_it_cannot_ask() -> None:
    answer = ask(Fleet(), "api", {"address": "127.0.0.1", "port": 1, "seconds": 1}).answer
    assert answer["reachable"] is False
    assert "admin.conf" in answer["error"] or "127.0.0.1:1" in answer["error"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_program_is_sent_with_what_it_imports_and_no_more(program: str) -> None:
    sent = carrier.closure(program)
    assert sent[-1] == program
    assert len(set(sent)) == len(sent)
    room = "blackstart.node."
    loaded = f"import sys, {room}{program}; print(*(name for name in sys.modules if name.startswith({room!r})))"
    done = process.run([sys.executable, "-c", loaded], cwd=Path(__file__).parents[2])
    names = {name.removeprefix(room) for name in done.stdout.split()}
    assert set(sent) == {name for name in names if carrier.source(name).is_file()}


@pytest.mark.parametrize("file", sorted(carrier.NODE.rglob("*.py")), ids=lambda file: file.stem)
def test_it_is_python_3_9(file: Path) -> None:
    ast.parse(file.read_text(), feature_version=(3, 9))


def test_a_node_without_python_says_so() -> None:
    with pytest.raises(UnreachableError, match="a has no python3"):
        ask(Fleet(Result(127, "", "timeout: failed to run command 'python3': No such file or directory\n")))


def test_a_probe_that_fails_shows_its_last_line() -> None:
    with pytest.raises(BlackstartError, match="looking at a failed with status 1: KeyError: 'x'"):
        ask(Fleet(Result(1, "", "Traceback (most recent call last):\n  ...\nKeyError: 'x'\n")))


@pytest.mark.parametrize(
    ("started", "ended", "skew"),
    [
        (100.2, 100.5, 0.0),  # within our own start and end
        (100.9, 101.0, 0.0),  # a slow start is no skew
        (103.2, 103.5, 2.5),  # it cannot have ended after we heard of it
        (97.0, 97.3, -3.0),  # it cannot have started before we asked
    ],
)
def test_only_what_cannot_be_delay_is_skew(started: float, ended: float, skew: float) -> None:
    assert carrier.skew(100.0, started, ended, 101.0) == pytest.approx(skew)


def test_the_request_is_carried_as_it_is() -> None:
    text = carrier.script("machine", REQUEST).decode()
    literal = text.rpartition("module.main(json.loads(")[2].partition("))\n")[0]
    assert json.loads(ast.literal_eval(literal)) == REQUEST
