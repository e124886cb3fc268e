"""A real sshd on loopback, and the state folder of a cluster whose one node it is."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from blackstart.engine import process, ssh

if TYPE_CHECKING:
    from collections.abc import Iterator

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
CONFIG = """\
Port {port}
ListenAddress 127.0.0.1
HostKey {room}/host
AuthorizedKeysFile {room}/authorized_keys
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
"""


@dataclass
class Node:
    """As much of a node as the door needs."""

    ansible_port: int
    name: str = "a"
    ansible_host: str = "127.0.0.1"
    ansible_user: str = getuser()

    @property
    def known_as(self) -> str:
        return f"[{self.ansible_host}]:{self.ansible_port}"


@dataclass
class Server:
    """A running sshd, and the state folder that knows it."""

    node: Node
    state: Path
    room: Path
    pid: int

    def fleet(self) -> ssh.Fleet:
        return fleet(self.node, self.state)

    def pin(self, key: Path) -> None:
        kind, public, *_ = key.with_suffix(".pub").read_text().split()
        (self.state / "known_hosts").write_text(f"[127.0.0.1]:{self.node.ansible_port} {kind} {public}\n")


def fleet(node: Node, state: Path) -> ssh.Fleet:
    nodes: list[Any] = [node]
    return ssh.Fleet(nodes, state)


def make_key(path: Path, kind: str = "ed25519") -> Path:
    process.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", path])
    return path


def fingerprint(key: Path) -> str:
    return process.run(["ssh-keygen", "-lf", key.with_suffix(".pub")]).stdout.split()[1]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def await_port(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("sshd does not listen")


@contextmanager
def listening(room: Path, port: int, *addresses: str) -> Iterator[int]:
    """Run sshd with the key `host` and the file `authorized_keys` of this room, and yield its process."""
    if SSHD is None:
        pytest.skip("needs sshd (package openssh-server)")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # where sshd's unit would make it
    config = room / "sshd_config"
    lines = [CONFIG.format(port=port, room=room), *(f"ListenAddress {address}\n" for address in addresses)]
    config.write_text("".join(lines))
    running = subprocess.Popen([SSHD, "-D", "-e", "-f", config], stderr=subprocess.DEVNULL)
    try:
        await_port(port)
        yield running.pid
    finally:
        running.terminate()
        running.wait()


@contextmanager
def serving(room: Path) -> Iterator[Server]:
    """Run sshd with a host key that is pinned in the state folder and a key of ours that it lets in."""
    state = room / "state"
    state.mkdir()
    own, host, port = make_key(state / "id_ed25519"), make_key(room / "host"), free_port()
    shutil.copy(own.with_suffix(".pub"), room / "authorized_keys")
    with listening(room, port) as pid:
        made = Server(Node(port), state, room, pid)
        made.pin(host)
        yield made
