"""The door to Ansible over a real sshd: whose host key it takes, and what it says of a node that falls silent."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from blackstart import paths
from blackstart.engine import runner as ansible
from blackstart.engine.journal import Journal
from blackstart.engine.runner import Runner
from blackstart.errors import UnreachableError
from blackstart.step import Play
from tests.support.processes import command_lines
from tests.support.sshd import Server, make_key, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BOOK = """\
- name: One task
  hosts: all
  gather_facts: false
  tasks:
    - name: Leave a trace
      ansible.builtin.command: {argv: [touch, "{{ trace }}"]}
    - name: Take long
      ansible.builtin.wait_for: {timeout: "{{ seconds }}"}
      when: seconds > 0
    - name: Take long in a module with module_utils
      blackstart_sleep: {seconds: "{{ sleep | default(0) }}"}
"""
ROLES = Path(__file__).resolve().parents[2] / "roles"
SECONDS = f"299.{os.getpid()}"  # by which its process is known from that of any other run
SLEEP = """\
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.command import run
module = AnsibleModule(argument_spec={"seconds": {"type": "str"}})
run(["sleep", module.params["seconds"]])
module.exit_json()
"""
OURS = """\
- name: Modules of ours
  hosts: all
  gather_facts: false
  tasks:
    - name: Leave the process
      blackstart_process: {path: "{{ trace }}-first"}
    - name: Write a file
      blackstart_files: {files: [{path: "{{ trace }}", content: "written"}]}
    - name: Make a folder
      blackstart_snapshot_folder: {state: ready, folder: "{{ trace }}-folder"}
    - name: Look at the GPU
      blackstart_gpu: {stage: machine, ram_gib: 1, root: "{{ trace }}-folder"}
    - name: Leave the process again
      blackstart_process: {path: "{{ trace }}-last"}
"""
PROCESS = """\
import os
from pathlib import Path
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.kube import removal
module = AnsibleModule(argument_spec={"path": {"type": "str"}})
Path(module.params["path"]).write_text(f"{os.getpid()} {removal.unknown.__module__}")
module.exit_json()
"""
HOSTS = """\
all:
  hosts:
    here:
      ansible_host: 127.0.0.1
      ansible_port: %d
      ansible_user: %s
      ansible_python_interpreter: "{{ ansible_playbook_python }}"
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path) as made:
        yield made


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "run")


@pytest.fixture
def runner(server: Server, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> Runner:
    room = server.room
    (room / "playbooks").mkdir()
    (room / "playbooks" / "book.yml").write_text(BOOK)
    (room / "playbooks" / "library").mkdir()
    (room / "playbooks" / "library" / "blackstart_sleep.py").write_text(SLEEP)
    (room / "playbooks" / "library" / "blackstart_process.py").write_text(PROCESS)
    (room / "playbooks" / "ours.yml").write_text(OURS)
    for path in ROLES.glob("*/library/*.py"):
        (room / "playbooks" / "library" / path.name).symlink_to(path)
    (room / "ansible.cfg").write_text(f"[ssh_connection]\ncontrol_path_dir = {room}\n")
    (room / "hosts.yml").write_text(HOSTS % (server.node.ansible_port, server.node.ansible_user))
    monkeypatch.setattr(paths, "share", lambda: room)
    return Runner([room / "hosts.yml"], server.state, journal, room)


def sessions(pid: int) -> list[int]:
    """Return the processes below sshd, the ones nearest to it first."""
    children = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return children + [below for child in children for below in sessions(child)]


def signalled(server: Server, number: signal.Signals) -> list[int]:
    """Send a signal to whatever serves a connection, and return those processes."""
    below = sessions(server.pid)
    for pid in below:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
    return below


def until_sleeping() -> None:
    """Await the program that the module runs."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if b"sleep\0" + SECONDS.encode() + b"\0" in command_lines().values():
            return
        time.sleep(0.05)
    pytest.fail("the module did not start")


def at_start(journal: Journal, task: str, do: Callable[[], list[int]]) -> list[int]:
    """Do something when a task starts; the returned list is filled with what that returns."""
    found: list[int] = []

    def listener(event: dict[str, Any]) -> None:
        if event["kind"] == "task_start" and event["task"] == task:
            found.extend(do())

    journal.listen(listener)
    return found


def test_tasks_run_where_the_pinned_host_key_is_shown(runner: Runner, tmp_path: Path) -> None:
    runner.play([Play("book")], {"trace": str(tmp_path / "trace"), "seconds": 0})
    assert (tmp_path / "trace").exists()


def test_modules_of_ours_come_with_what_they_import_into_one_process(runner: Runner, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    runner.play([Play("ours")], {"trace": str(trace)})
    assert trace.read_text() == "written"
    assert Path(f"{trace}-folder").is_dir()
    first, last = Path(f"{trace}-first").read_text(), Path(f"{trace}-last").read_text()
    assert first == last, "no process for each"
    assert first.endswith("ansible.module_utils.blackstart_node.kubectl")


def test_no_task_runs_where_another_host_key_is_shown(runner: Runner, server: Server, tmp_path: Path) -> None:
    server.pin(make_key(tmp_path / "other"))
    with pytest.raises(UnreachableError, match="here"):
        runner.play([Play("book")], {"trace": str(tmp_path / "trace"), "seconds": 0})
    assert not (tmp_path / "trace").exists()


@pytest.mark.slow
def test_a_node_that_falls_silent_in_a_task_is_unreachable(
    runner: Runner, server: Server, journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As many times as on real nodes, in shorter intervals.
    monkeypatch.setattr(ansible, "SILENCE", {**ansible.SILENCE, "mitogen_ssh_keepalive_interval": 1})
    silent = at_start(journal, "Take long", lambda: signalled(server, signal.SIGSTOP))
    begun = time.monotonic()
    try:
        with pytest.raises(UnreachableError, match="lost here during 'Take long'"):
            runner.play([Play("book")], {"trace": str(tmp_path / "trace"), "seconds": 300})
    finally:
        for pid in silent:
            os.kill(pid, signal.SIGCONT)
    assert silent
    assert time.monotonic() - begun < 120


def test_a_node_that_is_lost_in_a_module_of_ours_is_unreachable(
    runner: Runner, server: Server, journal: Journal, tmp_path: Path
) -> None:
    def cut() -> list[int]:
        # What happens between a task's start and its module's is another matter: the module itself is awaited.
        until_sleeping()
        return signalled(server, signal.SIGKILL)

    lost = at_start(journal, "Take long in a module with module_utils", cut)
    with pytest.raises(UnreachableError, match="lost here during 'Take long in a module with module_utils'"):
        runner.play([Play("book")], {"trace": str(tmp_path / "trace"), "seconds": 0, "sleep": SECONDS})
    assert lost
