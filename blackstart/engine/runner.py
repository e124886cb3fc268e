"""The only door to ansible_runner: playbooks in, events to the journal, failures as one error."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ansible_runner
import yaml

from blackstart import paths
from blackstart.errors import BlackstartError, InterruptedRunError, RefusedError, RoleFailedError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from blackstart.engine.journal import Journal
    from blackstart.step import Play

_STATUS = {
    "runner_on_ok": "ok",
    "runner_on_failed": "failed",
    "runner_on_unreachable": "unreachable",
    "runner_on_skipped": "skipped",
}


# What a task's result may carry for us: that it failed because data or quorum is at risk, and what is worth a line.
REFUSED = "blackstart_refused"
NOTES = "blackstart_notes"
# A machine that says nothing is lost after so many times so many seconds; Mitogen would wait five minutes.
SILENCE = {"mitogen_ssh_keepalive_interval": 5, "mitogen_ssh_keepalive_count": 3}


@dataclass(slots=True)
class _Watcher:
    """Listens to one Ansible run: journals each task, keeps failures, changes, and the process to interrupt."""

    journal: Journal
    phases: dict[str, str]  # a play's name -> the phase whose playbook holds it
    pid: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)
    changed: dict[str, int] = field(default_factory=dict)

    def __call__(self, event: dict[str, Any]) -> bool:
        self.pid = int(event.get("pid") or self.pid)
        data = event.get("event_data", {})
        kind = event["event"]
        if kind == "playbook_on_task_start":
            self.journal.write("task_start", phase=self._phase(data), role=data.get("role", ""), task=data["task"])
        elif kind in _STATUS:
            self._task(_STATUS[kind], data)
        # The runner keeps an event only when its handler says so; a failed run's own text is in its stdout file.
        return False

    def _phase(self, data: dict[str, Any]) -> str:
        return self.phases.get(str(data.get("play", "")), "")

    def _task(self, status: str, data: dict[str, Any]) -> None:
        result = data.get("res", {})
        node = data["host"]
        if status == "failed" and data.get("ignore_errors"):
            status = "ok"
        if status == "ok" and result.get("changed"):
            status = "changed"
            self.changed[node] = self.changed.get(node, 0) + 1
        if status in {"failed", "unreachable"}:
            self.failures.append({"node": node, "status": status, "task": data["task"], "role": data.get("role", ""),
                                  "message": _message(result), "refused": bool(result.get(REFUSED))})  # fmt: skip
        for text in result.get(NOTES) or ():
            self.journal.write("note", text=f"{node}: {text}")
        self.journal.write(
            "task",
            phase=self._phase(data),
            role=data.get("role", ""),
            task=data["task"],
            node=node,
            status=status,
            seconds=round(float(data.get("duration") or 0.0), 2),
        )


def _play_names(playbooks: Sequence[Path]) -> dict[str, str]:
    """Map each play's name to its playbook's, since events name the play only."""
    return {play["name"]: book.stem for book in playbooks for play in yaml.safe_load(book.read_text())}


def _message(result: dict[str, Any]) -> str:
    """Return what the failed task said: its msg, and the end of its stderr when that adds something."""
    if "censored" in result:
        return "its output is kept back because it may hold a secret; look at the journal of the unit on the node"
    parts = [str(result.get("msg", "")).strip()]
    failed = [item for item in result.get("results") or [] if item.get("failed")]
    parts += [str(item.get("msg", "")).strip() for item in failed]
    for stream in ("module_stderr", "stderr", "stdout"):
        text = str(result.get(stream) or "").strip()
        if text:
            parts.append("\n".join(text.splitlines()[-8:]))
            break
    return "\n".join(dict.fromkeys(part for part in parts if part)) or "it said nothing"


class Runner:
    """Runs playbooks over one set of inventories; every run has a private folder of its own that is removed."""

    def __init__(self, sources: Sequence[Path], state: Path, journal: Journal, collections: Path) -> None:
        """Keep what every run shares; the key and known_hosts are the cluster's own, in its state folder."""
        self._sources = sources
        self._state = state
        self._journal = journal
        self._collections = collections

    def _environment(self) -> dict[str, str]:
        share = paths.share()
        ssh = [f"-o UserKnownHostsFile={self._state / 'known_hosts'}", "-o StrictHostKeyChecking=yes"]
        ssh += ["-o ControlMaster=auto", "-o ControlPersist=60s", "-o BatchMode=yes"]
        environment = {
            "ANSIBLE_CONFIG": str(share / "ansible.cfg"),
            "ANSIBLE_ROLES_PATH": str(share / "roles"),
            "ANSIBLE_LIBRARY": str(Path(__file__).parents[1] / "ansible" / "modules"),
            "ANSIBLE_MODULE_UTILS": str(Path(__file__).parents[1] / "ansible" / "module_utils"),
            "ANSIBLE_COLLECTIONS_PATH": str(self._collections),
            "ANSIBLE_SSH_ARGS": " ".join(ssh),
            # ansible-runner says False when nobody does, and of that Mitogen makes options that come before our own.
            "ANSIBLE_HOST_KEY_CHECKING": "True",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_STRATEGY": "one_python",
            "ANSIBLE_STRATEGY_PLUGINS": str(Path(__file__).parents[1] / "ansible" / "strategy"),
            # ansible-playbook is looked up by PATH, also when blackstart was called by its full path.
            "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}",
        }
        if (key := self._state / "id_ed25519").exists():
            environment["ANSIBLE_PRIVATE_KEY_FILE"] = str(key)
        return environment

    def play(self, plays: Sequence[Play], variables: Mapping[str, Any]) -> dict[str, int]:
        """Run plays as one Ansible run; return the number of changed tasks by node.

        Raises RoleFailedError, UnreachableError or InterruptedRunError. On Ctrl-C Ansible is told to stop, then
        waited for; what runs on the nodes in units of its own (kubeadm, the image importer) goes on there.
        """
        playing = self.start(plays, variables)
        try:
            while not playing.done.wait(0.2):
                pass
        except (KeyboardInterrupt, InterruptedRunError) as error:
            playing.signal()
            playing.stop()
            raise InterruptedRunError(
                "interrupted while a role was running",
                hint="nothing is lost: kubeadm and image imports end by themselves on the nodes; "
                "run the same command to go on",
            ) from error
        return playing.result()

    def start(self, plays: Sequence[Play], variables: Mapping[str, Any]) -> Playing:
        """Start plays as one Ansible run and return at once."""
        private = Path(tempfile.mkdtemp(prefix="blackstart-"))
        extra = {**SILENCE, **variables}
        nodes: set[str] = set()
        for play in plays:
            extra.update(play.variables)
            nodes.update(play.limit)
        book = private / "run.yml"
        rooms = paths.share() / "playbooks"
        imports = [{"ansible.builtin.import_playbook": str(rooms / f"{play.playbook}.yml")} for play in plays]
        book.write_text(json.dumps(imports))
        (private / "vars.json").write_text(json.dumps(extra))
        watcher = _Watcher(self._journal, _play_names([rooms / f"{play.playbook}.yml" for play in plays]))
        playing = Playing(private, watcher)
        playing.run = ansible_runner.run_async(
            private_data_dir=str(private),
            playbook=str(book),
            inventory=[str(source) for source in self._sources],
            cmdline=f"--extra-vars @{private / 'vars.json'}",
            limit=",".join(sorted(nodes)) or None,
            envvars=self._environment(),
            event_handler=watcher,
            # Without one it takes SIGINT for itself, and for good (ansible_runner/utils/__init__.py, signal_handler).
            cancel_callback=playing.cancelled.is_set,
            finished_callback=lambda _run: playing.done.set(),
            suppress_env_files=True,
            quiet=True,
        )[1]
        return playing


class Playing:
    """An Ansible run that goes on in a process of its own; `done` is set when it has ended.

    Its thread is never joined: an interrupted join takes a running thread for one that has ended (CPython gh-90882),
    and its folder would go away under it.
    """

    def __init__(self, private: Path, watcher: _Watcher) -> None:
        """Keep what the run has to itself: its folder, and who listens to it."""
        self.done = threading.Event()
        self.cancelled = threading.Event()
        self.run: Any = None
        self._private = private
        self._watcher = watcher

    def result(self) -> dict[str, int]:
        """Return the number of changed tasks by node once it is done; raises what it failed with."""
        try:
            if self.run.status == "successful" and self.run.rc == 0:
                return self._watcher.changed
            raise _failure(self._watcher, self._private)
        finally:
            shutil.rmtree(self._private, ignore_errors=True)

    def signal(self) -> None:
        """Ask Ansible itself to stop.

        ansible-runner's own cancel kills the main process group only and leaves workers behind, since ansible-core's
        workers call setsid(); SIGINT to ansible-playbook ends them all.
        """
        if self._watcher.pid:
            with suppress(ProcessLookupError):
                os.kill(self._watcher.pid, signal.SIGINT)

    def stop(self) -> None:
        """Wait until it has stopped, cancel it when it does not, and remove its folder."""
        if self._watcher.pid:
            self.done.wait(15)
        self.cancelled.set()
        self.done.wait(10)
        shutil.rmtree(self._private, ignore_errors=True)


def _failure(watcher: _Watcher, private: Path) -> BlackstartError:
    if not watcher.failures:
        output = next(private.glob("artifacts/*/stdout"), None)
        tail = "\n".join(output.read_text(errors="replace").strip().splitlines()[-8:]) if output else "no output"
        return RoleFailedError(f"Ansible ended without running the playbook:\n{tail}", hint="see --verbose")
    gone = [failure for failure in watcher.failures if failure["status"] == "unreachable"]
    if len(gone) == len(watcher.failures):
        nodes = ", ".join(sorted({failure["node"] for failure in gone}))
        return UnreachableError(
            f"lost {nodes} during {gone[0]['task']!r}: {gone[0]['message']}",
            hint="when it is back, run the same command again",
        )
    if refused := [failure for failure in watcher.failures if failure["refused"]]:
        said = {failure["node"]: failure["message"] for failure in refused}
        return RefusedError(
            "\n".join(f"{node}: {message}" for node, message in sorted(said.items())),
            hint="mend what it names, then run the same command again",
        )
    first = next(failure for failure in watcher.failures if failure["status"] == "failed")
    same = sorted({f["node"] for f in watcher.failures if f["task"] == first["task"]})
    return RoleFailedError(
        f"{first['role'] or 'playbook'} failed on {', '.join(same)} at {first['task']!r}:\n{first['message']}",
        hint="mend what it names, then run the same command again: what is done is not done twice",
    )
