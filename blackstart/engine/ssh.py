"""The only door to the nodes: one kept ssh connection for each, to a machine proven by its pinned host key."""

from __future__ import annotations

import logging
import shlex
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import paramiko

from blackstart.engine.channel import Dialogue, RemoteError, Result, converse
from blackstart.errors import BlackstartError, InputError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from blackstart.model.cluster import Node

T = TypeVar("T")
CONNECT_SECONDS = 5.0
# A machine that is busy importing images takes its time for the key exchange; one that is off never gets this far.
HANDSHAKE_SECONDS = 15.0
KEEPALIVE_SECONDS = 5
_DEAD_MILLISECONDS = 15_000  # unanswered for so long, the kernel ends the connection (tcp(7), TCP_USER_TIMEOUT)
_KILL_SECONDS = 2.0
_LOST = (paramiko.SSHException, EOFError, OSError)
_TIMED_OUT = frozenset({124, 137})  # timeout(1): after SIGTERM, after SIGKILL
_KEY_FILES = ("id_ed25519", "id_ecdsa", "id_rsa")


class Fleet:
    """All nodes of a cluster. Connections are made when first needed, kept, and made once more when they died."""

    def __init__(self, nodes: Iterable[Node], state: Path) -> None:
        """Take known_hosts, and id_ed25519 when it is there, from the cluster's state folder."""
        # What paramiko would log (tracebacks of its threads) is told by our errors.
        logging.getLogger("paramiko").setLevel(logging.CRITICAL)
        self._connections = {node.name: _Connection(node, state) for node in nodes}
        self._dialogues: dict[tuple[str, str], Dialogue] = {}

    def run(
        self, node: str, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 60.0, check: bool = True
    ) -> Result:
        """Run a command to its end, on the node at most for timeout seconds.

        Raises UnreachableError with evidence, also when time runs out, and RemoteError for a status other than 0.
        A command is never run twice: when the connection is lost under it, that is an error.
        """
        # The command ends on the node as well, whatever becomes of the connection.
        words = ("timeout", f"--kill-after={_KILL_SECONDS}", str(timeout), *argv)
        started = time.monotonic()
        channel = self._connections[node].channel()
        try:
            result = converse(channel, shlex.join(words), stdin, started + timeout + 2 * _KILL_SECONDS)
        except _LOST as error:
            raise UnreachableError(
                f"the connection to {node} was lost while {argv[0]} ran there ({_words(error)})",
                hint="it may have gone on there; look at the node, then run the same command again",
            ) from error
        finally:
            channel.close()
        if result.status in _TIMED_OUT and time.monotonic() - started >= timeout:
            raise UnreachableError(
                f"{argv[0]} on {node} did not end in {timeout:.0f} s and was stopped",
                hint="is the machine overloaded, or a disk of it stuck? `journalctl -k` there says",
            )
        if check and result.status != 0:
            raise RemoteError(node, argv, result)
        return result

    def ask(self, node: str, name: str, argv: Sequence[str], first: bytes, line: bytes, *, timeout: float) -> Result:
        """Return the line with which a program on a node answers a line; when it ended instead, how and with what.

        It is started with the line `first` when it is asked for the first time, kept under its name, and started once
        more when it is gone (a reboot). Raises UnreachableError, also when no answer comes in timeout seconds.
        """
        deadline = time.monotonic() + timeout
        kept = self._dialogues.pop((node, name), None)
        try:
            if kept is not None:
                try:
                    return self._keep(node, name, kept, kept.ask(line, deadline))
                except TimeoutError:
                    raise
                except (EOFError, OSError):
                    kept.close()
            channel = self._connections[node].channel()
            fresh = Dialogue(channel, shlex.join(argv), first)
            return self._keep(node, name, fresh, fresh.ask(line, deadline))
        except _LOST as error:
            raise UnreachableError(
                f"the connection to {node} was lost while {argv[0]} ran there ({_words(error)})",
                hint="it may have gone on there; look at the node, then run the same command again",
            ) from error

    def _keep(self, node: str, name: str, dialogue: Dialogue, result: Result) -> Result:
        if result.status == 0 and not result.err:
            self._dialogues[node, name] = dialogue
        else:
            dialogue.close()
        return result

    def everywhere(
        self, function: Callable[[str], T], nodes: Iterable[str] | None = None
    ) -> dict[str, T | BlackstartError]:
        """Call function with each node's name (all of them unless given), at once; an error is a node's result."""

        def one(name: str) -> T | BlackstartError:
            try:
                return function(name)
            except BlackstartError as error:
                return error

        names = list(self._connections if nodes is None else nodes)
        with ThreadPoolExecutor(max(len(names), 1)) as pool:
            return dict(zip(names, pool.map(one, names), strict=True))

    def local_address(self, node: str) -> str:
        """Return our own address on the connection to a node: where that node can reach us."""
        return self._connections[node].local_address()

    def close(self) -> None:
        """End all connections, and what is kept running over them."""
        self._dialogues.clear()
        for connection in self._connections.values():
            connection.drop()


class _Connection:
    """The kept connection to one node; safe to use from several threads."""

    def __init__(self, node: Node, state: Path) -> None:
        self._node = node
        self._state = state
        self._lock = threading.Lock()
        self._transport: paramiko.Transport | None = None
        self._local = ""

    def channel(self) -> paramiko.Channel:
        """Open a session; once more over a new connection when the kept one turns out to be dead."""
        transport, fresh = self._connected()
        try:
            return transport.open_session(timeout=CONNECT_SECONDS)
        except _LOST as error:
            self.drop(transport)
            if fresh:
                raise UnreachableError(f"{self._node.name} lets us in and then opens no session: {error}") from error
        return self._connected()[0].open_session(timeout=CONNECT_SECONDS)

    def local_address(self) -> str:
        self._connected()
        return self._local

    def drop(self, transport: paramiko.Transport | None = None) -> None:
        """End the connection; only when it is still this one, if one is given."""
        with self._lock:
            if self._transport is not None and transport in {None, self._transport}:
                self._transport.close()
                self._transport = None

    def _connected(self) -> tuple[paramiko.Transport, bool]:
        """Return the connection, and whether it was made just now."""
        with self._lock:
            if self._transport is not None and self._transport.is_active():
                return self._transport, False
            plain = _dial(str(self._node.ansible_host), self._node.ansible_port)
            self._local = str(plain.getsockname()[0])
            self._transport = _shake_hands(plain, self._node, self._state)
            return self._transport, True


def _shake_hands(plain: socket.socket, node: Node, state: Path) -> paramiko.Transport:
    """Have the host prove itself, then prove ourselves. Raises UnreachableError, precise for each failure."""
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _DEAD_MILLISECONDS)
    transport = paramiko.Transport(plain)
    transport.banner_timeout = transport.auth_timeout = HANDSHAKE_SECONDS
    try:
        _prove_host(transport, node.known_as, state / "known_hosts")
        _prove_ourselves(transport, node, state / "id_ed25519")
    except BaseException:
        transport.close()
        raise
    transport.set_keepalive(KEEPALIVE_SECONDS)
    return transport


def _dial(address: str, port: int) -> socket.socket:
    try:
        return socket.create_connection((address, port), CONNECT_SECONDS)
    except TimeoutError as error:
        raise UnreachableError(
            f"no answer from {address}:{port} in {CONNECT_SECONDS:.0f} s: is it powered on?",
            hint="power it on, and look at its cable and its address",
        ) from error
    except ConnectionRefusedError as error:
        raise UnreachableError(
            f"{address} is up, but nothing listens on its port {port} (connection refused)",
            hint="it may still be starting; else look at its console: `systemctl status sshd`",
        ) from error
    except OSError as error:
        raise UnreachableError(
            f"{address}:{port} cannot be reached ({error.strerror or error}): is it powered on?",
            hint="power it on, look at its cable, and at the route from here: `ip route get` its address",
        ) from error


def _prove_host(transport: paramiko.Transport, name: str, known_hosts: Path) -> None:
    known = paramiko.HostKeys(str(known_hosts)) if known_hosts.exists() else paramiko.HostKeys()
    pinned: Mapping[str, paramiko.PKey] = known.lookup(name) or {}
    options = transport.get_security_options()
    # A host with several keys is asked for the kind that is pinned; RSA keys sign as rsa-sha2-*.
    first = [kind for kind in options.key_types if kind in pinned or ("ssh-rsa" in pinned and kind.startswith("rsa-"))]
    options.key_types = (*first, *(kind for kind in options.key_types if kind not in first))
    try:
        transport.start_client(timeout=HANDSHAKE_SECONDS)
    except _LOST as error:
        raise UnreachableError(
            f"something listens at {name}, but there is no talking ssh with it: {_words(error)}",
            hint="is it still starting, is it another program, or does a gateway answer for a machine that is off?",
        ) from error
    key = transport.get_remote_server_key()
    shown = f"{key.get_name()} {key.fingerprint}"
    if not pinned:
        raise UnreachableError(
            f"the host key of {name} is not known: it shows {shown}",
            hint="compare with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` at the machine's own console; when "
            f"it is the same, pin it: add the line '{name} {key.get_name()} {key.get_base64()}' to {known_hosts}",
        )
    if pinned.get(key.get_name()) != key:
        wanted = ", ".join(f"{kind} {one.fingerprint}" for kind, one in pinned.items())
        raise UnreachableError(
            f"{name} shows another host key than the one that is pinned: it shows {shown}, pinned is {wanted}",
            hint="it is another machine, or was installed anew by other hands. Do not just delete the pinned key: find "
            f"out why at the machine's own console, then replace its line in {known_hosts}",
        )


def _prove_ourselves(transport: paramiko.Transport, node: Node, own: Path) -> None:
    offered = []
    keys = _keys(own)
    try:
        for origin, key in keys:
            offered.append(f"{origin} ({key.fingerprint})")
            try:
                transport.auth_publickey(node.ansible_user, key)
            except paramiko.AuthenticationException:
                continue
            return
    except _LOST as error:
        offered.append(f"then it hung up: {_words(error)}")
    said = f"it was offered {', '.join(offered)}" if offered else f"there is none: neither {own} nor an agent's"
    raise UnreachableError(
        f"{node.ansible_user}@{node.ansible_host} lets none of our keys in: {said}",
        hint=f"put the public key into ~/.ssh/authorized_keys of {node.ansible_user} there; a key for this cluster "
        f"alone is taken from {own}",
    )


def public_keys(state: Path) -> list[str]:
    """Return the public halves of the keys that Fleet comes with, for whoever is to let us in."""
    own = state / "id_ed25519"
    if keys := [f"{key.get_name()} {key.get_base64()} blackstart" for _, key in _keys(own)]:
        return list(dict.fromkeys(keys))
    raise InputError(
        f"there is no ssh key to let in: neither {own} nor an agent's", hint=f"ssh-keygen -t ed25519 -N '' -f {own}"
    )


def _words(error: BaseException) -> str:
    # EOFError and its kind come without any.
    return str(error) or type(error).__name__


def _keys(own: Path) -> list[tuple[str, paramiko.PKey]]:
    """Return the cluster's own key; without one the agent's, then the user's that need no passphrase."""
    if own.exists():
        try:
            return [(str(own), paramiko.PKey.from_path(own))]
        except (paramiko.SSHException, ValueError, OSError) as error:
            raise UnreachableError(
                f"the private key {own} cannot be used: {error}", hint="it must be an ssh key without a passphrase"
            ) from error
    found: list[tuple[str, paramiko.PKey]] = [("the agent's key", key) for key in paramiko.Agent().get_keys()]
    for path in (own.home() / ".ssh" / name for name in _KEY_FILES):
        try:
            found.append((str(path), paramiko.PKey.from_path(path)))
        except (paramiko.SSHException, ValueError, OSError, TypeError):
            continue  # not there, or locked by a passphrase: then only an agent can use it
    return found
