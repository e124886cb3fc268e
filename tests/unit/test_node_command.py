"""All that a command printed is had, however slow it is and whatever it prints."""

from __future__ import annotations

from blackstart.node.command import NOT_FOUND, Ended, run


def test_all_of_its_output_is_there_and_its_status() -> None:
    # More than a pipe holds; and output in the last moment of a command that was silent for longer than Ansible waits.
    assert len(run(["seq", "100000"]).out.splitlines()) == 100_000
    assert run(["sh", "-c", "sleep 1; echo out; echo err >&2; exit 3"]) == Ended(3, "out\n", "err\n")


def test_what_is_no_text_and_what_is_missing_is_told() -> None:
    assert run(["printf", r"\377"]).out == "\ufffd"
    assert run(["no-such-program"]) == Ended(NOT_FOUND, "", "no-such-program: not found")


def test_nothing_waits_for_input() -> None:
    assert run(["cat"]) == Ended(0, "", "")
