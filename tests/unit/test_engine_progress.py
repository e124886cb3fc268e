"""One event, one line; what is not worth a line gives none."""

from __future__ import annotations

import io
from typing import Any

import pytest

from blackstart.engine.progress import Plain, line

# Two phases that shared one Ansible run: each has an end in the journal, with what is true of both.
TOGETHER = {"kind": "phase_end", "together": ["a", "b"], "status": "ok", "changed": {"x": 1}, "seconds": 4.2}


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"kind": "plan", "steps": []}, "plan: nothing to do"),
        ({"kind": "plan", "steps": [{"phase": "a"}, {"phase": "b"}]}, "plan: a, b"),
        (
            {"kind": "phase_end", "phase": "a", "status": "ok", "changed": {"x": 2, "y": 1}, "seconds": 4.25},
            "a: done in 4.2 s, 3 changes",
        ),
        ({**TOGETHER, "phase": "a"}, ""),
        ({**TOGETHER, "phase": "b"}, "a, b: done in 4.2 s, 1 change"),
        ({"kind": "gate_look", "phase": "a", "open": False, "seen": "2 of 3"}, "a: waiting: 2 of 3"),
        ({"kind": "gate_end", "phase": "a", "open": True, "seen": "3 of 3", "seconds": 0.2}, ""),
        ({"kind": "task", "status": "ok", "node": "x", "role": "r", "task": "t", "seconds": 0.1}, ""),
        ({"kind": "healed", "what": "pod x", "why": "its sandbox is gone"}, "healed: pod x: its sandbox is gone"),
    ],
)
def test_line(event: dict[str, Any], expected: str) -> None:
    assert line(event, verbose=False) == expected


def test_a_failed_task_is_shown_without_verbose() -> None:
    event = {"kind": "task", "status": "failed", "node": "x", "role": "r", "task": "t", "seconds": 0.1}
    assert "failed" in line(event, verbose=False)


def test_plain_lines_carry_the_elapsed_seconds() -> None:
    stream, times = io.StringIO(), iter([100.0, 103.5])
    Plain(stream, verbose=False, clock=lambda: next(times))({"kind": "note", "text": "hello"})
    assert stream.getvalue() == "[   3.5 s] hello\n"
