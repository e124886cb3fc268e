"""Runs Ansible's playbooks in forks of a process that has loaded Ansible: `python -m tests.molecule.forge SOCKET`.

.config/molecule/bin/ansible-playbook asks for a run. Each is a process of its own with the caller's arguments,
environment, folder and streams; nothing of a run stays in the forge. It lives as long as its standard input is open.
Ansible reads its settings once, when it is loaded: a caller whose ANSIBLE_* differ from the first one's is sent away.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what Ansible reads of an environment while it is loaded."""
    return {name: value for name, value in environment.items() if name.startswith("ANSIBLE_")}


def serve(path: Path) -> None:
    """Take requests until standard input ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks the forge how a run ended
    loaded: dict[str, str] | None = None
    with socket.socket(socket.AF_UNIX) as listener:
        path.unlink(missing_ok=True)
        listener.bind(str(path))
        listener.listen()
        while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
            with listener.accept()[0] as caller:
                _, streams, _, _ = socket.recv_fds(caller, 1, 3)
                with caller.makefile() as requests:
                    words, folder, environment = json.loads(requests.readline())
                if loaded is None:
                    loaded = settings(environment)
                    load(loaded)
                if settings(environment) != loaded:
                    caller.sendall(b"0\n")
                elif os.fork() == 0:
                    listener.close()
                    run(caller, streams, words, folder, environment)
                for stream in streams:
                    os.close(stream)
    path.unlink(missing_ok=True)


def load(chosen: Mapping[str, str]) -> None:
    """Load Ansible with the settings of the first caller."""
    for name in settings(os.environ):
        del os.environ[name]
    os.environ.update(chosen)
    from ansible.cli import playbook  # noqa: F401, PLC0415 - that it is loaded is the point


def run(
    caller: socket.socket, streams: Sequence[int], words: list[str], folder: str, environment: Mapping[str, str]
) -> NoReturn:
    """Become the run that a caller asks for."""
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
    from ansible.cli.playbook import main  # noqa: PLC0415 - see serve

    try:
        main(["ansible-playbook", *words])
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
