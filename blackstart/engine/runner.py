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
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import ansible_runner
from ansible_runner.config.runner import RunnerConfig

from blackstart import paths
from blackstart.engine.events import Watcher, failure, play_names
from blackstart.errors import InterruptedRunError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from blackstart.engine.journal import Journal
    from blackstart.step import Play

# A machine that says nothing is lost after so many times so many seconds; Mitogen would wait five minutes.
SILENCE = {"mitogen_ssh_keepalive_interval": 5, "mitogen_ssh_keepalive_count": 3}

_PREFORK_BIN = Path(__file__).parents[1] / "ansible" / "bin"
# No facts are gathered, so none are cached: without this each run would have a setting of its own.
_CONFIG: dict[str, Any] = {"suppress_env_files": True, "quiet": True, "fact_cache_type": ""}

# How often it looks whether it is cancelled; by itself every 5 s. It takes settings from a file only.
_SETTINGS = {"pexpect_timeout": 1}


class Runner:
    """Runs playbooks over one set of inventories; every run has a private folder of its own that is removed."""

    def __init__(
        self,
        sources: Sequence[Path],
        state: Path,
        journal: Journal,
        collections: Path,
        prefork: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Keep what every run shares; the key and known_hosts are the cluster's own, in its state folder.

        prefork is the environment that engine/prefork.py yields.
        """
        self._sources = sources
        self._state = state
        self._journal = journal
        self._collections = collections
        self._prefork = prefork

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
        if self._prefork:
            environment |= {**self._prefork, "PATH": f"{_PREFORK_BIN}:{environment['PATH']}"}
        return environment

    def settings(self) -> dict[str, str]:
        """Return the settings of Ansible that each run has: ours, and what ansible-runner adds to them."""
        with tempfile.TemporaryDirectory(prefix="blackstart-") as folder:
            config = RunnerConfig(folder, playbook="none.yml", envvars=self._environment(), **_CONFIG)
            config.prepare()
        return {name: value for name, value in config.env.items() if name.startswith("ANSIBLE_")}

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
            raise InterruptedRunError("interrupted while a role was running") from error
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
        (private / "env").mkdir()
        (private / "env" / "settings").write_text(json.dumps(_SETTINGS))
        watcher = Watcher(self._journal, play_names([rooms / f"{play.playbook}.yml" for play in plays]))
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
            **_CONFIG,
        )[1]
        return playing


class Playing:
    """An Ansible run that goes on in a process of its own; `done` is set when it has ended.

    Its thread is never joined: an interrupted join takes a running thread for one that has ended (CPython gh-90882),
    and its folder would go away under it.
    """

    def __init__(self, private: Path, watcher: Watcher) -> None:
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
            raise failure(self._watcher, self._private)
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
