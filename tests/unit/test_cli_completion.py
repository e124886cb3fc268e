"""What a shell offers at a TAB, and that its script is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from blackstart.cli.completion import complete
from blackstart.cli.main import parser

ROOT = Path(__file__).resolve().parents[2]
NODES = ["melchior-1", "balthasar-2", "casper-3"]


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("st", ["status"]),
        ("lab ", ["build", "up", "status", "inventory", "down"]),
        ("--json sta", ["status"]),
        ("status --l", ["--limit"]),
        ("lab build --no", ["--no-color"]),
        ("up --only ", ["network", "gitops"]),
        ("up --only = ne", ["network"]),
        ("up --timeout ", []),
        ("rebuild ", NODES),
        ("rebuild c", ["casper-3"]),
        ("rebuild casper-3 ", []),
        ("rebuild casper-3 --yes m", ["melchior-1"]),
        ("-i inventory/lab status --limit casper-3,", ["casper-3,melchior-1", "casper-3,balthasar-2"]),
        ("-i no/such/folder rebuild ", []),
        ("-i inv", []),
        ("media casper-3 --to ", []),
        ("completion ", ["bash", "zsh", "fish"]),
        ("nonsense ", ["check", "plan", "up", "rebuild", "status", "disks", "report", "netboot", "media"]),
    ],
)
def test_what_comes_next(line: str, found: list[str]) -> None:
    words = [word.word for word in complete(parser(), line.split(" "))]
    assert words[: len(found)] == found
    assert found or not words


def _script(shell: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "blackstart", "completion", shell], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_bash_completes_verbs_options_and_nodes(tmp_path: Path) -> None:
    program = tmp_path / "blackstart"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m blackstart "$@"\n')
    program.chmod(0o755)
    (tmp_path / "completion").write_text(_script("bash"))
    test = f"""
        source {tmp_path}/completion
        complete -p blackstart
        try() {{ COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _blackstart; echo "${{COMPREPLY[*]}}"; }}
        try blackstart st
        try blackstart status --js
        try blackstart -i inventory/lab rebuild c
        try blackstart -i inv
    """
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(
        ["/bin/bash", "-c", test], capture_output=True, text=True, check=True, env={**os.environ, "PATH": path}
    )
    assert done.stdout.splitlines() == [
        "complete -o default -F _blackstart blackstart",
        "status",
        "--json",
        "casper-3",
        "",
    ]
    assert not done.stderr


@pytest.mark.parametrize(("shell", "check"), [("bash", "-n"), ("zsh", "-n"), ("fish", "--no-execute")])
def test_a_script_is_one(shell: str, check: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / shell
    script.write_text(_script(shell))
    subprocess.run([shell, check, str(script)], check=True, timeout=20)
