"""The door to local commands: one that runs beside us, and ends with its block."""

from __future__ import annotations

import sys
from pathlib import Path
from queue import Queue

import pytest

from blackstart.engine import process

TALKS = "import os, time; print(os.getpid(), flush=True); print('ü', flush=True); time.sleep(60)"
STUBBORN = "import os, signal, time; signal.signal(15, signal.SIG_IGN); print(os.getpid(), flush=True); time.sleep(60)"


@pytest.mark.parametrize("program", [TALKS, STUBBORN])
def test_a_command_beside_us_is_heard_and_ends_with_its_block(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_END_SECONDS", 0.5)
    lines: Queue[str] = Queue()
    with process.beside([sys.executable, "-c", program], lines.put) as runs:
        pid = int(lines.get(timeout=20))
        assert runs()
        assert Path(f"/proc/{pid}").exists()
        if program == TALKS:
            assert lines.get(timeout=20) == "ü"
    assert not runs()
    assert not Path(f"/proc/{pid}").exists()


def test_a_command_beside_us_ends_also_when_the_block_fails() -> None:
    lines: Queue[str] = Queue()

    def fail() -> None:
        with process.beside([sys.executable, "-c", TALKS], lines.put):
            raise KeyError(lines.get(timeout=20))

    with pytest.raises(KeyError) as caught:
        fail()
    assert not Path(f"/proc/{caught.value.args[0]}").exists()


def test_a_command_that_ends_by_itself_is_seen_to_have_ended() -> None:
    lines: Queue[str] = Queue()
    with process.beside([sys.executable, "-c", "print('no'); raise SystemExit(2)"], lines.put) as runs:
        assert lines.get(timeout=20) == "no"
        while runs():
            pass


def test_a_command_that_is_missing_is_an_error() -> None:
    with pytest.raises(process.ProcessError, match="not found"), process.beside(["no-such-command"], print):
        pass
