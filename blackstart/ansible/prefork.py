"""Runs playbooks in forks of a process that has loaded Ansible: `python -m blackstart.ansible.prefork SOCKET`.

blackstart/ansible/bin/ansible-playbook asks for a run. Each is a process of its own with the caller's arguments,
environment, folder and streams; nothing of a run stays in the server. A run ends with its caller and with the server,
which lives as long as its standard input is open. Ansible reads its settings once, when it is loaded: a caller whose
ANSIBLE_* differ from those is sent away, and takes the real program.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what Ansible reads of an environment while it is loaded."""
    return {name: value for name, value in environment.items() if name.startswith("ANSIBLE_")}


class Server:
    """Takes requests until standard input ends; `loaded` are the settings that Ansible was loaded with."""

    def __init__(self, path: Path) -> None:
        """Load Ansible at once with the settings of this process, or with those of the first caller."""
        self._path = path
        self._runs: dict[socket.socket, int] = {}  # by caller: the run's pidfd
        self.loaded: dict[str, str] | None = None
        if chosen := settings(os.environ):
            self._load(chosen)

    def serve(self) -> None:
        """Answer callers."""
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks the server how a run ended
        with socket.socket(socket.AF_UNIX) as listener:
            self._path.unlink(missing_ok=True)
            listener.bind(str(self._path))
            listener.listen()
            while sys.stdin not in (ready := select.select([listener, sys.stdin, *self._runs], [], [])[0]):
                for caller in [one for one in ready if one in self._runs]:
                    self._gone(caller)
                if listener in ready:
                    self._take(listener)
        self._path.unlink(missing_ok=True)

    def _gone(self, caller: socket.socket) -> None:
        """End the run of a caller that went away; one that has ended already is no more to be had by its pidfd."""
        descriptor = self._runs.pop(caller)
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        os.close(descriptor)
        caller.close()

    def _take(self, listener: socket.socket) -> None:
        caller = listener.accept()[0]
        _, streams, _, _ = socket.recv_fds(caller, 1, 3)
        with caller.makefile() as requests:
            words, folder, environment = json.loads(requests.readline())
        if self.loaded is None:
            self._load(settings(environment))
        if settings(environment) != self.loaded:
            caller.sendall(b"0\n")
            caller.close()
        elif (run := os.fork()) == 0:
            listener.close()
            become(caller, streams, words, folder, environment)
        else:
            self._runs[caller] = os.pidfd_open(run)
        for stream in streams:
            os.close(stream)

    def _load(self, chosen: Mapping[str, str]) -> None:
        for name in settings(os.environ):
            del os.environ[name]
        os.environ.update(chosen)
        from ansible.cli import playbook  # noqa: F401, PLC0415 - that it is loaded is the point

        if "mitogen" in chosen.get("ANSIBLE_STRATEGY", "") or "one_python" in chosen.get("ANSIBLE_STRATEGY", ""):
            from ansible_mitogen.plugins.strategy import mitogen_linear  # noqa: F401, PLC0415 - as above
        self.loaded = dict(chosen)


def become(
    caller: socket.socket, streams: Sequence[int], words: list[str], folder: str, environment: Mapping[str, str]
) -> NoReturn:
    """Become the run that a caller asks for, and end when the server does (prctl(2), PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGHUP)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    caller.sendall(f"{os.getpid()}\n".encode())
    status = _ansible(words)
    sys.stdout.flush()
    sys.stderr.flush()
    caller.sendall(f"{status}\n".encode())
    os._exit(0)


def _ansible(words: list[str]) -> int:
    from ansible.cli.playbook import main  # noqa: PLC0415 - see Server

    try:
        main(["ansible-playbook", *words])
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


if __name__ == "__main__":
    Server(Path(sys.argv[1])).serve()
