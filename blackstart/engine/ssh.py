"""The only door to paramiko: one kept connection per node, host keys pinned in the cluster's own known_hosts.

A node is proven, not trusted: an unknown or another host key is refused with both fingerprints.
"""

from __future__ import annotations

import shlex
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import paramiko

from blackstart.errors import BlackstartError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from blackstart.model.cluster import Node

CONNECT_SECONDS = 5.0
KEEPALIVE_SECONDS = 5
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Result:
    """What a command on a node ended with; out and err are decoded text."""

    status: int
    out: str
    err: str


class Fleet:
    """Connections to nodes: made when first needed, kept open, made again once when one has died. Thread-safe."""

    def __init__(self, nodes: Sequence[Node], state: Path) -> None:
        """Connect to nothing yet; state holds known_hosts and, when there is one, the key id_ed25519."""
        self.nodes = {node.name: node for node in nodes}
        self._state = state
        self._clients: dict[str, paramiko.SSHClient] = {}
        self._locks = {node.name: threading.Lock() for node in nodes}

    def run(self, node: str, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 60) -> Result:
        """Run a command on a node and return how it ended.

        timeout in seconds. Raises UnreachableError when the node cannot be reached or does not prove to be itself,
        or does not answer in time.
        """
        try:
            return self._run(self._client(node), argv, stdin, timeout)
        except TimeoutError as error:
            raise UnreachableError(
                f"{node}: `{argv[0]}` did not end in {timeout:.0f} s",
                hint=f"look at its load and disks; try `ssh {self.nodes[node].ansible_host}`",
            ) from error
        except (paramiko.SSHException, EOFError, OSError):
            # The connection died (a reboot, a router): once more over a new one; a second death is the node's.
            self._forget(node)
            try:
                return self._run(self._client(node), argv, stdin, timeout)
            except (paramiko.SSHException, EOFError, OSError) as error:
                raise UnreachableError(
                    f"{node}: the connection broke off: {error}", hint="is it going down?"
                ) from error

    def try_run(
        self, node: str, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 60
    ) -> Result | UnreachableError:
        """Run a command like run, but return the error of a node that cannot be reached instead of raising it."""
        try:
            return self.run(node, argv, stdin=stdin, timeout=timeout)
        except UnreachableError as error:
            return error

    def everywhere(self, work: Callable[[str], T], names: Sequence[str] | None = None) -> dict[str, T]:
        """Call work(node) for each node side by side; raises the first error after all have ended."""
        chosen = list(self.nodes if names is None else names)
        with ThreadPoolExecutor(max(1, len(chosen))) as pool:
            return dict(zip(chosen, pool.map(work, chosen), strict=True))

    def local_address(self, node: str) -> str:
        """Return our own address on the connection to a node: where it can reach us."""
        transport = self._client(node).get_transport()
        if transport is None:
            raise UnreachableError(f"{node}: the connection broke off", hint="run again")
        return str(transport.sock.getsockname()[0])

    def close(self) -> None:
        """Close every connection."""
        for name in tuple(self._clients):
            self._forget(name)

    def _forget(self, node: str) -> None:
        with self._locks[node]:
            client = self._clients.pop(node, None)
        if client is not None:
            with suppress(Exception):
                client.close()

    @staticmethod
    def _run(client: paramiko.SSHClient, argv: Sequence[str], stdin: bytes, timeout: float) -> Result:
        source, out, err = client.exec_command(shlex.join(argv), timeout=timeout)
        source.write(stdin)
        source.channel.shutdown_write()
        # Both streams are drained side by side, or a full one would block the command.
        with ThreadPoolExecutor(1) as pool:
            errors = pool.submit(err.read)
            output = out.read()
            return Result(
                out.channel.recv_exit_status(),
                output.decode(errors="replace"),
                errors.result().decode(errors="replace"),
            )

    def _client(self, name: str) -> paramiko.SSHClient:
        with self._locks[name]:
            client = self._clients.get(name)
            transport = client.get_transport() if client else None
            if client is None or transport is None or not transport.is_active():
                client = self._connect(self.nodes[name])
                self._clients[name] = client
            return client

    def _connect(self, node: Node) -> paramiko.SSHClient:
        address, port = str(node.ansible_host), node.ansible_port
        key = self._state / "id_ed25519"
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.RejectPolicy())
        known = self._state / "known_hosts"
        if known.exists():
            client.load_host_keys(str(known))
        own = key.exists()
        try:
            client.connect(
                address,
                port,
                node.ansible_user,
                key_filename=str(key) if own else None,
                allow_agent=not own,
                look_for_keys=not own,
                timeout=CONNECT_SECONDS,
                banner_timeout=CONNECT_SECONDS,
                auth_timeout=CONNECT_SECONDS,
            )
        except (paramiko.SSHException, OSError, EOFError) as error:
            client.close()
            raise self._refusal(node, error, key if own else None) from error
        transport = client.get_transport()
        if transport is not None:
            transport.set_keepalive(KEEPALIVE_SECONDS)
        return client

    def _refusal(self, node: Node, error: Exception, key: Path | None) -> BlackstartError:
        """Turn an error of connecting into evidence and a way out."""
        where = f"{node.ansible_host}:{node.ansible_port}"
        known = self._state / "known_hosts"
        match error:
            case paramiko.BadHostKeyException():
                return UnreachableError(
                    f"{where} shows another host key than the pinned one: {error.key.fingerprint}, "
                    f"pinned is {error.expected_key.fingerprint}",
                    hint=f"either it is another machine, or it was reinstalled: compare on its console "
                    f"(ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub) before you change its line in {known}",
                )
            case paramiko.AuthenticationException():
                offered = str(key) if key else "the agent's and ~/.ssh's keys"
                return UnreachableError(
                    f"{where} refused our key for {node.ansible_user} ({offered})",
                    hint="put its public half into authorized_keys on the node",
                )
            case paramiko.SSHException() if "not found in known_hosts" in str(error):
                return UnreachableError(
                    f"{where} has no pinned host key in {known}",
                    hint="read the key's fingerprint on the node's console, then pin it: "
                    f"ssh-keyscan -t ed25519 {node.ansible_host} >> {known}",
                )
            case TimeoutError() | socket.timeout():
                return UnreachableError(f"no answer from {where} in {CONNECT_SECONDS:.0f} s", hint="is it powered on?")
            case _:
                return UnreachableError(f"{where}: {_plain(error)}", hint="is it powered on, and sshd running?")


def _plain(error: Exception) -> str:
    if isinstance(error, paramiko.ssh_exception.NoValidConnectionsError):
        inner = next(iter(error.errors.values()))
        return inner.strerror or str(inner)
    return str(error) or type(error).__name__
