"""A playbook that the server runs is the caller's own run in all that can be seen of it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "blackstart/ansible/bin/ansible-playbook"
REAL = Path(sys.executable).with_name("ansible-playbook")
BOOK = """\
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.debug: {msg: "{{ here }} {{ lookup('ansible.builtin.env', 'WORD') }}"}
    - ansible.builtin.fail: {msg: it was to fail}
      when: lookup('ansible.builtin.env', 'WORD') == 'bad'
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Return the environment of callers while a server runs."""
    room = tmp_path_factory.mktemp("prefork")
    (room / "book.yml").write_text(BOOK)
    (room / "ansible.cfg").write_text("[defaults]\nlocalhost_warning = false\n")
    ours = {"BLACKSTART_PREFORK": str(room / "socket"), "BLACKSTART_ANSIBLE_PLAYBOOK": str(REAL)}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    env = {**kept, **ours, "ANSIBLE_CONFIG": str(room / "ansible.cfg"), "NO_COLOR": "1", "ROOM": str(room)}
    argv = [sys.executable, "-m", "blackstart.ansible.prefork", ours["BLACKSTART_PREFORK"]]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, cwd=ROOT, env=env) as running:
        end = time.monotonic() + 60
        while not (room / "socket").exists():
            assert time.monotonic() < end
            time.sleep(0.05)
        run(CLIENT, env, room)  # the first one's settings are the server's
        yield env
        running.communicate()
    assert running.returncode == 0
    assert not (room / "socket").exists()


def run(program: Path, env: dict[str, str], folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    book = f"{env['ROOM']}/book.yml"
    (folder / "here.json").write_text('{"here": "as a file of this folder says"}')
    return subprocess.run(
        [program, "--inventory=localhost,", "--extra-vars=@here.json", book],
        env={**env, **more}, cwd=folder, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("word", ["good", "bad"])
def test_status_and_streams_folder_and_environment_are_the_caller_s(
    environment: dict[str, str], tmp_path: Path, word: str
) -> None:
    preforked, real = (run(program, environment, tmp_path, WORD=word) for program in (CLIENT, REAL))
    assert (preforked.returncode, preforked.stdout, preforked.stderr) == (real.returncode, real.stdout, real.stderr)
    assert preforked.returncode == {"good": 0, "bad": 2}[word]
    assert f"as a file of this folder says {word}" in preforked.stdout


def test_other_settings_of_ansible_and_no_server_take_the_real_program(
    environment: dict[str, str], tmp_path: Path
) -> None:
    other = run(CLIENT, environment, tmp_path, WORD="good", ANSIBLE_CALLBACK_RESULT_FORMAT="yaml")
    assert other.returncode == 0
    assert "msg: " in other.stdout, "a setting of the caller's counts"
    assert run(CLIENT, environment, tmp_path, WORD="bad", BLACKSTART_PREFORK="/nowhere").returncode == 2


def test_a_run_ends_with_its_caller(environment: dict[str, str], tmp_path: Path) -> None:
    """ansible-runner kills what it has started when it is cancelled: what was started for it must not go on."""
    (tmp_path / "here.json").write_text('{"here": "here"}')
    words = ["--inventory=localhost,", "--extra-vars=@here.json", f"{environment['ROOM']}/book.yml"]
    with (tmp_path / "out").open("w") as out, socket.socket(socket.AF_UNIX) as caller:
        caller.connect(environment["BLACKSTART_PREFORK"])
        socket.send_fds(caller, [b"\n"], [out.fileno()] * 3)
        caller.sendall(json.dumps([words, str(tmp_path), environment]).encode() + b"\n")
        run = int(caller.makefile().readline())
    end = time.monotonic() + 30
    while Path(f"/proc/{run}").exists():
        assert time.monotonic() < end, "Ansible goes on"
        time.sleep(0.05)
    assert "PLAY RECAP" not in (tmp_path / "out").read_text()
