"""Waiting for practice nodes to boot: an ssh banner, then a login with pinned keys."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from blackstart.engine import process
from blackstart.errors import UnreachableError
from blackstart.lab import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from ipaddress import IPv4Address

    from blackstart.lab.layout import Layout, Machine
    from blackstart.lab.podman import Podman

_SECONDS = 60.0  # a boot takes one; this is for a machine that is busy with something else
_LOOK = 0.05  # seconds between two looks at a port


def await_ssh(engine: Podman, layout: Layout, machines: Sequence[Machine]) -> None:
    """Return when root can log in on all of them; UnreachableError with the evidence when one cannot."""

    def wait(machine: Machine) -> None:
        def still_on() -> None:
            if engine.containers(layout.label)[machine.container].state != "running":
                raise UnreachableError(
                    f"{machine.name} stopped while it booted; its last output:\n{_last_words(engine, machine)}",
                    hint="a node that can open one of this machine's disks refuses to boot; else see `podman logs`",
                )

        await_port(machine.address, 22, greeting=b"SSH-", what=machine.name, look=still_on)
        run(layout, machine, "true")

    with ThreadPoolExecutor() as pool:
        list(pool.map(wait, machines))


def run(layout: Layout, machine: Machine, *words: str) -> str:
    """Run a command on a node over ssh and return what it printed; ProcessError when it fails."""
    options = (
        f"UserKnownHostsFile={layout.state / keys.KNOWN_HOSTS}", "StrictHostKeyChecking=yes", "BatchMode=yes",
        "IdentitiesOnly=yes", "ConnectTimeout=10", "LogLevel=ERROR",
    )  # fmt: skip
    argv = ["ssh", "-F", "none", "-i", str(layout.state / keys.CLIENT), *(f"-o{option}" for option in options)]
    return process.run([*argv, f"root@{machine.address}", *words], timeout=_SECONDS).stdout


def await_port(
    address: IPv4Address, port: int, *, what: str, greeting: bytes = b"", look: Callable[[], None] = lambda: None
) -> None:
    """Return when a port takes a connection and, if asked for, greets; look is called about once a second till then.

    Raises UnreachableError after a minute, with the last error.
    """
    end = time.monotonic() + _SECONDS
    looked = time.monotonic()
    while not (answered := answers(address, port, greeting=greeting))[0]:
        now = time.monotonic()
        if now > end:
            raise UnreachableError(
                f"{what} does not answer on {address} port {port} after {_SECONDS:.0f} s: {answered[1]}",
                hint="`blackstart lab status` shows what is up; `blackstart lab down` and `lab up` start over",
            )
        if now > looked + 1:
            look()
            looked = now
        time.sleep(_LOOK)


def answers(address: IPv4Address, port: int, *, greeting: bytes = b"") -> tuple[bool, str]:
    """Return whether a port accepts a connection and greets, and what was seen instead."""
    try:
        with socket.create_connection((str(address), port), timeout=2) as connection:
            said = connection.recv(len(greeting)) if greeting else b""
    except OSError as error:
        return False, str(error)
    return said == greeting, f"it says {said!r}"


def _last_words(engine: Podman, machine: Machine) -> str:
    done = engine.run("logs", "--tail", "8", machine.container, check=False)
    return (done.stdout + done.stderr).strip()
