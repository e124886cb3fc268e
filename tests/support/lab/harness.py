"""The practice cluster seen from outside: our command line, ssh and kubectl."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from blackstart import paths

if TYPE_CHECKING:
    from collections.abc import Callable

NODES = {"melchior-1": "10.77.13.13", "balthasar-2": "10.77.13.14", "casper-3": "10.77.13.15"}
REPOSITORY = Path(__file__).resolve().parents[3]


def blackstart(*words: str, timeout: float = 900) -> subprocess.CompletedProcess[str]:
    """Run the command line as a person would and return what it printed."""
    return subprocess.run(
        [sys.executable, "-m", "blackstart", *words],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def until(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """Await a condition; fail with what was awaited and what it said last."""
    end = time.monotonic() + seconds
    while not (last := condition()):
        if time.monotonic() > end:
            pytest.fail(f"timed out after {seconds} s waiting until {what}; last: {last!r}")
        time.sleep(0.5)
    return last


class Lab:
    """The practice cluster; every method goes through the same doors that a person has."""

    inventory: str = ""
    earlier: frozenset[Path] = frozenset()  # the runs that there were before start()

    def up(self, *words: str, timeout: float = 900) -> subprocess.CompletedProcess[str]:
        """Run `blackstart up` on it."""
        return blackstart("-i", self.inventory, "up", *words, timeout=timeout)

    def verb(self, *words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        """Run another verb on it."""
        return blackstart("-i", self.inventory, *words, timeout=timeout)

    def start(self, *words: str, verb: str = "up") -> subprocess.Popen[str]:
        """Start a verb in the background, in a process group of its own."""
        self.earlier = frozenset((paths.state("lab") / "runs").glob("*"))
        return subprocess.Popen(
            [sys.executable, "-m", "blackstart", "-i", self.inventory, verb, *words],
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def ssh(self, node: str, command: str, *, check: bool = True) -> str:
        """Run a command on a node over real ssh with the pinned host key."""
        state = paths.state("lab")
        options = [f"UserKnownHostsFile={state / 'known_hosts'}", "StrictHostKeyChecking=yes", "BatchMode=yes"]
        argv = ["ssh", "-i", str(state / "id_ed25519"), *(word for option in options for word in ("-o", option))]
        done = subprocess.run(
            [*argv, f"root@{NODES[node]}", command], capture_output=True, text=True, timeout=120, check=False
        )
        if check and done.returncode != 0:
            pytest.fail(f"{node}: {command}: {done.stdout}{done.stderr}")
        return done.stdout

    def kubectl(self, *words: str, node: str = "melchior-1", check: bool = True) -> str:
        """Run kubectl on a node against that node's own API server."""
        server = f"https://{NODES[node]}:6443"
        command = shlex.join(["kubectl", "--kubeconfig", "/etc/kubernetes/admin.conf", "--server", server, *words])
        return self.ssh(node, command, check=check)

    def objects(self, *words: str, node: str = "melchior-1") -> list[dict[str, Any]]:
        """Return the objects that `kubectl get … -o json` lists."""
        items: list[dict[str, Any]] = json.loads(self.kubectl("get", *words, "-o", "json", node=node))["items"]
        return items

    def events(self) -> list[dict[str, Any]]:
        """Return the journal of the newest run; a last line that is still being written is left out."""
        runs = sorted((paths.state("lab") / "runs").iterdir())
        lines = (runs[-1] / "journal.jsonl").read_text().split("\n")[:-1]
        return [json.loads(line) for line in lines]

    def events_since_start(self) -> list[dict[str, Any]]:
        """Return the journal of the run that start() began; empty while there is none: an older one is another's."""
        runs = frozenset((paths.state("lab") / "runs").glob("*/journal.jsonl"))
        return self.events() if {run.parent for run in runs} - self.earlier else []

    def end(self, process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
        """Signal a background run (SIGKILL: the control process and Ansible) and return its end."""
        if number is signal.SIGKILL:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        output, _ = process.communicate(timeout=60)
        return process.returncode, output
