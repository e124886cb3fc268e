"""Waiting for a machine to be off (dark), or to have booted (live).

Dark is more than a silent ssh port, live is more than an answering one: after `reboot` the previous boot still answers
for a while, and a system that shuts down refuses connections long before its power is off.
"""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from blackstart.errors import GateTimeoutError, UnreachableError
from blackstart.power.base import Power

if TYPE_CHECKING:
    from collections.abc import Callable

    from blackstart.engine.ssh import Fleet
    from blackstart.model.cluster import Node
    from blackstart.power.base import Driver, PowerFacts

    Say = Callable[[str], None]

DARK_SECONDS = 180.0  # a shutdown that gives pods their two minutes
LIVE_SECONDS = 300.0  # firmware that trains 96 GB of memory takes minutes
_PAUSE = 0.5
_KNOCK_SECONDS = 2.0
_SILENCES = 4  # attempts in a row without any answer, where the driver cannot tell that a machine is off
_BOOT = ("cat", "/proc/sys/kernel/random/boot_id", "/proc/1/stat")


class Port(StrEnum):
    """The state of a machine's ssh port."""

    ANSWERS = "answers"
    REFUSES = "refuses"  # its kernel runs, sshd does not
    SILENT = "is silent"


@dataclass(frozen=True, slots=True)
class Boot:
    """One boot of a machine: the kernel's boot_id, and when init started (clock ticks since the kernel's start).

    In a container, which shares its kernel with others, only the second tells one boot from the next.
    """

    kernel: str
    init: int


@dataclass(frozen=True, slots=True)
class Time:
    """The clock, and how to wait."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def knock(node: Node) -> Port:
    """Open a connection to a node's ssh port and close it."""
    try:
        with socket.create_connection((str(node.ansible_host), node.ansible_port), timeout=_KNOCK_SECONDS):
            return Port.ANSWERS
    except ConnectionRefusedError:
        return Port.REFUSES
    except OSError:
        return Port.SILENT


def boot_of(fleet: Fleet, name: str) -> Boot:
    """Return the current boot of a node, which shows its pinned host key; UnreachableError when it does not answer."""
    kernel, init = fleet.run(name, _BOOT, timeout=10.0).out.strip().split("\n", 1)
    # proc_pid_stat(5), field 22; the second is a name in parentheses and may hold anything.
    return Boot(kernel, int(init.rpartition(")")[2].split()[19]))


def is_dark(node: Node, driver: Driver) -> bool:
    """Return whether a node is off now: its ssh port is silent, and its driver says off."""
    return driver.state().power is Power.OFF and knock(node) is Port.SILENT


def await_dark(
    node: Node,
    driver: Driver,
    *,
    say: Say,
    seconds: float = DARK_SECONDS,
    times: Time = Time(),
    at_port: Callable[[Node], Port] = knock,
) -> None:
    """Return when a node is off: its ssh port does not answer, and its driver says off.

    Where the driver cannot tell, several silent attempts in a row count; a port that refuses has a running kernel
    behind it. Raises GateTimeoutError with what was seen last.
    """
    silences, wait = 0, _Wait(say, times, seconds)
    while True:
        port, seen = at_port(node), driver.state()
        silences = silences + 1 if port is Port.SILENT else 0
        if _dark(port, seen, silences, tells=driver.tells):
            return
        if not wait.goes_on(f"{node.name}: ssh {port}; {seen.words}"):
            raise GateTimeoutError(
                f"{node.name} is not off, timed out after {seconds:.0f} s; last seen: ssh {port}; {seen.words}",
                hint="check its console: a unit that does not stop delays a shutdown; its power can be cut by force",
            )


def _dark(port: Port, seen: PowerFacts, silences: int, *, tells: bool) -> bool:
    if port is Port.ANSWERS or seen.power is Power.ON:
        return False
    return seen.power is Power.OFF or (not tells and silences >= _SILENCES)


def await_live(
    node: Node,
    driver: Driver,
    fleet: Fleet,
    before: Boot | None,
    *,
    say: Say,
    seconds: float = LIVE_SECONDS,
    times: Time = Time(),
) -> Boot:
    """Return the new boot of a node: ssh works, with its pinned host key, and it is another boot than `before`.

    Meanwhile on() is repeated as often as the driver wants. Raises GateTimeoutError with what was seen last.
    """
    wait, pressed = _Wait(say, times, seconds), times.clock()
    while True:
        try:
            boot = boot_of(fleet, node.name)
        except UnreachableError as error:
            seen = error.message
            if driver.repeat and times.clock() - pressed >= driver.repeat:
                pressed = times.clock()
                driver.on()
        else:
            if boot != before:
                return boot
            seen = "it answers, still from the previous boot"
        if not wait.goes_on(f"{node.name}: {seen}"):
            raise GateTimeoutError(
                f"{node.name} did not boot, timed out after {seconds:.0f} s; last seen: {seen}; {driver.state().words}",
                hint="check its console: does it stop in its firmware, or boot from something else than its disk?",
            )


def cut(node: Node, driver: Driver, *, say: Say, seconds: float = DARK_SECONDS) -> None:
    """Cut a node's power, say so, and return when it is off."""
    say(driver.off(force=True))
    await_dark(node, driver, say=say, seconds=seconds)


class _Wait:
    """A wait that prints what is seen whenever that changes."""

    def __init__(self, say: Say, times: Time, seconds: float) -> None:
        self._say = say
        self._times = times
        self._end = times.clock() + seconds
        self._last = ""

    def goes_on(self, line: str) -> bool:
        """Print the line when it is new; return False when the time is up, else True after a pause."""
        if line != self._last:
            self._last = line
            self._say(line)
        if self._times.clock() > self._end:
            return False
        self._times.sleep(_PAUSE)
        return True
