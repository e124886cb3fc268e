"""The practice cluster from outside: our command line, timed, and plain ssh."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from blackstart import paths, verbs
from blackstart.lab import mounts, podman
from blackstart.lab.layout import LAB

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

REPOSITORY = Path(__file__).resolve().parents[2]
BLACKSTART = (sys.executable, "-m", "blackstart")
NODES = {"melchior-1": "10.77.13.13", "balthasar-2": "10.77.13.14", "casper-3": "10.77.13.15"}
FIRST = next(iter(NODES))
# Phases that touch only the nodes and share the first Ansible run.
LOCAL = tuple(step.name for step in verbs.UP if step.watch)


@dataclass(frozen=True, slots=True)
class Timed:
    """A command that succeeded: wall time, and what it and the programs that it started took at most, each in MiB."""

    seconds: float
    own: float  # resident memory of the command itself
    largest: float  # of the largest single process among it and its children
    output: str


def timed(argv: Sequence[str]) -> Timed:
    """Run a command to its end; SystemExit with what it printed when it fails."""
    with tempfile.TemporaryFile() as output:
        begun = time.monotonic()
        process = _start(argv, output)
        peaks = [0.0]
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(0.05):
                peaks.append(_resident_peak(process.pid))

        watcher = threading.Thread(target=watch)
        watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begun
        ended.set()
        watcher.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        text = _text(output)
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(argv)} ended with status {process.returncode}:\n{text}")
    return Timed(seconds, max(peaks), usage.ru_maxrss / 1024, text)


def up() -> Timed:
    """Run `blackstart up` on the lab."""
    return timed([*verb(), "up"])


def verb() -> list[str]:
    """Return our command line for the lab, up to the verb."""
    inventory = subprocess.run([*BLACKSTART, "lab", "inventory"], cwd=REPOSITORY, capture_output=True, check=True)
    return [*BLACKSTART, "-i", inventory.stdout.decode().strip()]


def fresh() -> None:
    """Have three empty nodes that were just started, and the bundle in the page cache for whoever reads it next."""
    timed([*BLACKSTART, "lab", "down"])
    timed([*BLACKSTART, "lab", "up"])
    for file in bundle().rglob("*"):
        if file.is_file():
            with file.open("rb") as stream:
                while stream.read(1 << 20):
                    pass


def bundle() -> Path:
    """Return the lab's bundle."""
    return paths.cache() / "bundles" / "lab"


def destroy(node: str) -> None:
    """Take a node's machine away without a word, and wait until the others have elected a leader among them."""
    podman.local().run("rm", "--force", "--time", "0", "--volumes", LAB.machine(node).container)
    for volume in ("containerd", "kubelet", "etcd"):
        mounts.remove_tree(LAB.state / "nodes" / node / volume)
    with tempfile.TemporaryDirectory() as room:
        config = Path(room, "ssh_config")
        write_ssh_config(config)
        while b"true" not in ssh(config, FIRST, "curl -s http://127.0.0.1:2381/health || true"):
            time.sleep(0.2)


def ready_after(node: dict[str, Any], events: Sequence[Mapping[str, Any]]) -> float:
    """Return the seconds of a run until a Node was Ready, by its own condition, to the second."""
    begun = next(event["at"] for event in events if event["kind"] == "run")
    (ready,) = (one for one in node["status"]["conditions"] if one["type"] == "Ready" and one["status"] == "True")
    return float(datetime.fromisoformat(ready["lastTransitionTime"]).timestamp() - begun)


def journal() -> list[dict[str, Any]]:
    """Return the events of the newest run; a last line that is still being written is left out."""
    newest = max((paths.state("lab") / "runs").iterdir())
    return [json.loads(line) for line in (newest / "journal.jsonl").read_text().split("\n")[:-1]]


def local_seconds(events: Sequence[Mapping[str, Any]]) -> float:
    """Return how long the phases took that touch only the nodes; 0 while they are not all done."""
    phases = [event for event in events if event.get("phase") in LOCAL]
    ends = {event["phase"]: event["at"] for event in phases if event["kind"] == "phase_end" and event["status"] == "ok"}
    begun: list[float] = [event["at"] for event in phases if event["kind"] == "phase_start"]
    return float(max(ends.values()) - min(begun)) if len(ends) == len(LOCAL) else 0.0


def until_local(limit: str, timeout: float = 600) -> float:
    """Run `up --limit` until the node-local phases are done, interrupt it, and return their seconds."""
    before = set((paths.state("lab") / "runs").glob("*"))
    with tempfile.TemporaryFile() as output:
        process = _start([*verb(), "--limit", limit, "up"], output)
        end = time.monotonic() + timeout
        seconds = 0.0
        while not seconds and process.poll() is None and time.monotonic() < end:
            time.sleep(0.2)
            runs = set((paths.state("lab") / "runs").glob("*/journal.jsonl"))
            seconds = local_seconds(journal()) if {run.parent for run in runs} - before else 0.0
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait()
        if not seconds:
            raise SystemExit(f"up --limit {limit} did not get through its local phases:\n{_text(output)}")
    return seconds


def ssh(config: Path, node: str, command: str) -> bytes:
    """Run a command on a node and return what it printed."""
    argv = ["ssh", "-F", str(config), node, command]
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=True).stdout


def write_ssh_config(path: Path) -> None:
    """Let plain ssh know the nodes by name, with the lab's key and pinned host keys."""
    state = paths.state("lab")
    hosts = [f"Host {name}\n  HostName {address}\n  HostKeyAlias {address}\n" for name, address in NODES.items()]
    path.write_text(
        "".join(hosts) + "Host *\n  User root\n  BatchMode yes\n  StrictHostKeyChecking yes\n  LogLevel ERROR\n"
        f'  IdentityFile "{state / "id_ed25519"}"\n  IdentitiesOnly yes\n'
        f'  UserKnownHostsFile "{state / "known_hosts"}"\n'
    )


def memory() -> dict[str, float]:
    """Return what the processes of each node hold, in MiB, as its container's control group says."""
    answer = json.loads(timed([*BLACKSTART, "--json", "lab", "status"]).output)
    return {node["name"]: node["memory"] / 2**20 for node in answer["nodes"]}


def repeated(measure: Callable[[], Timed], times: int = 5) -> list[Timed]:
    """Return that many measurements, after one that does not count and warms every cache."""
    measure()
    return [measure() for _ in range(times)]


def _start(argv: Sequence[str], output: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(argv), cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
    )


def _resident_peak(pid: int) -> float:
    """Return a running process's peak in MiB; what the fork still was before it began the program does not count."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    found = [line for line in lines if line.startswith("VmHWM:")]  # a process that has ended has none
    return int(found[0].split()[1]) / 1024 if found else 0.0


def _text(output: IO[bytes]) -> str:
    output.seek(0)
    return output.read().decode(errors="replace")
