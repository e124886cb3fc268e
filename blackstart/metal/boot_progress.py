"""What a machine that boots from the network has asked for: how far it came, in words, when it never arrives."""

from __future__ import annotations

import threading
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blackstart.power.waits import Say


class Step(IntEnum):
    """How far a network boot has come, in the order in which a machine asks."""

    NOTHING = 0
    FIRMWARE = 1  # its firmware asked what to boot (DHCP)
    LOADER = 2  # it fetched iPXE (TFTP)
    SCRIPT = 3  # iPXE fetched the script that all machines get
    ORDER = 4  # iPXE was given this machine's order
    KERNEL = 5  # it fetched the live system
    SEED = 6  # the live system fetched what makes it ours


_WORDS = {
    Step.NOTHING: (
        "it has asked for nothing at all",
        (
            "does its firmware boot from the network, before its disk? Secure Boot off, the network stack on, the "
            "cable in the port whose MAC address the inventory has (nic_lan.mac), and a DHCP server on that network"
        ),
    ),
    Step.FIRMWARE: (
        "its firmware asked what to boot and did not fetch it",
        (
            "UDP ports 69 and 4011 of this machine must be reachable from it; and is there another server that answers "
            "network boots there (a router, a deployment server)?"
        ),
    ),
    Step.LOADER: (
        "it fetched iPXE and did not ask for its script",
        "iPXE asks by DHCP once more and then by HTTP: look at its console; Secure Boot does not let it start",
    ),
    Step.SCRIPT: (
        "it fetched the script and was given no order",
        "it booted another network interface than the one in the inventory: compare its MAC address with nic_lan.mac",
    ),
    Step.ORDER: (
        "it was given its order and did not fetch the live system's kernel",
        "look at its console: iPXE says why",
    ),
    Step.KERNEL: (
        "it fetched the live system and did not ask for what makes it ours",
        (
            "look at its console: too little memory, a kernel without a driver for its network interface, or no "
            "address by DHCP?"
        ),
    ),
    Step.SEED: (
        "the live system was told its keys, and ssh with them does not work",
        "look at its console: `cloud-init status --long` and `networkctl` there say more",
    ),
}


class BootProgress:
    """Takes note from several threads; says each thing that is asked, and keeps how far a machine came."""

    def __init__(self, say: Say) -> None:
        """Begin with nothing."""
        self._say = say
        self._lock = threading.Lock()
        self._furthest = Step.NOTHING

    def note(self, step: Step, words: str) -> None:
        """Take note of one thing that was asked, and say it."""
        with self._lock:
            self._furthest = max(self._furthest, step)
            self._say(words)

    def remark(self, words: str) -> None:
        """Say what was asked for in vain."""
        with self._lock:
            self._say(words)

    @property
    def furthest(self) -> Step:
        """How far a machine came."""
        return self._furthest

    def words(self) -> tuple[str, str]:
        """Return how far it came, and what to look at when it stays there."""
        return _WORDS[self._furthest]
