"""The door to Ansible, with a real playbook on this machine: what was changed, and how it is stopped."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from blackstart import paths
from blackstart.engine.journal import Journal
from blackstart.engine.runner import Runner
from blackstart.errors import InterruptedRunError
from blackstart.step import Play
from tests.support.processes import command_lines

if TYPE_CHECKING:
    from pathlib import Path

BOOK = """\
- name: Two tasks
  hosts: all
  gather_facts: false
  tasks:
    - name: Change something
      ansible.builtin.command: "true"
    - name: Take long
      ansible.builtin.wait_for: {timeout: "{{ seconds }}"}
"""
HOSTS = (
    "all: {hosts: {here: {ansible_connection: local, ansible_python_interpreter: '{{ ansible_playbook_python }}'}}}\n"
)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "run")


@pytest.fixture
def runner(tmp_path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> Runner:
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "book.yml").write_text(BOOK)
    (tmp_path / "ansible.cfg").write_text("[defaults]\n")
    (tmp_path / "hosts.yml").write_text(HOSTS)
    monkeypatch.setattr(paths, "share", lambda: tmp_path)
    return Runner([tmp_path / "hosts.yml"], tmp_path, journal, tmp_path)


def test_a_run_counts_changes_and_leaves_ctrl_c_as_it_was(runner: Runner) -> None:
    before = signal.getsignal(signal.SIGINT)
    assert runner.play([Play("book")], {"seconds": 0}) == {"here": 1}
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_ends_a_task_that_takes_long(runner: Runner, journal: Journal, tmp_path: Path) -> None:
    def press(event: dict[str, Any]) -> None:
        if event["kind"] == "task_start" and event["task"] == "Take long":
            os.kill(os.getpid(), signal.SIGINT)

    journal.listen(press)
    begun = time.monotonic()
    with pytest.raises(InterruptedRunError):
        runner.play([Play("book")], {"seconds": 120})
    assert time.monotonic() - begun < 60
    own = f"{tmp_path}/hosts.yml".encode()  # its inventory, by which its processes are known
    end = time.monotonic() + 20
    while (left := [line for line in command_lines().values() if own in line]) and time.monotonic() < end:
        time.sleep(0.05)
    assert left == []


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("delay", [0.2, 0.5, 0.8])
def test_ctrl_c_while_ansible_starts_leaves_nothing_behind(runner: Runner, delay: float) -> None:
    before = threading.active_count()
    timer = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises((InterruptedRunError, KeyboardInterrupt)):
        runner.play([Play("book")], {"seconds": 120})
    timer.join()
    end = time.monotonic() + 20
    while threading.active_count() > before and time.monotonic() < end:
        time.sleep(0.05)
    assert threading.active_count() == before
