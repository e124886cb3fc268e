"""How far a machine that boots from the network has got, and what to check when it gets no further."""

from __future__ import annotations

import threading
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blackstart.power.waits import Say


class Step(IntEnum):
    """The steps of a network boot, in the order in which a machine requests them."""

    NOTHING = 0
    FIRMWARE = 1  # its firmware asked what to boot (DHCP)
    LOADER = 2  # it fetched iPXE (TFTP)
    SCRIPT = 3  # iPXE fetched the script that all machines get
    ORDER = 4  # iPXE was given this machine's order
    KERNEL = 5  # it fetched the live system
    SEED = 6  # the live system fetched its keys and settings (cloud-init)


_WORDS = {
    Step.NOTHING: (
        "it has requested nothing",
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
        "it fetched iPXE, which did not request its script",
        "iPXE uses DHCP once more, then HTTP: check its console; Secure Boot keeps iPXE from starting",
    ),
    Step.SCRIPT: (
        "it fetched the script, and there was no order for it",
        "it booted another network interface than the one in the inventory: compare its MAC address with nic_lan.mac",
    ),
    Step.ORDER: (
        "it got its order and did not fetch the live system's kernel",
        "check its console: iPXE shows the reason",
    ),
    Step.KERNEL: (
        "it fetched the live system, which did not request its settings (cloud-init)",
        (
            "check its console: too little memory, a kernel without a driver for its network interface, or no "
            "address by DHCP?"
        ),
    ),
    Step.SEED: (
        "the live system got its keys, and ssh with them does not work",
        "check its console: `cloud-init status --long` and `networkctl` there say more",
    ),
}


class BootProgress:
    """Records requests from several threads: prints each, and keeps the furthest step."""

    def __init__(self, say: Say) -> None:
        """Begin before the first step."""
        self._say = say
        self._lock = threading.Lock()
        self._furthest = Step.NOTHING

    def note(self, step: Step, words: str) -> None:
        """Record one request, and print it."""
        with self._lock:
            self._furthest = max(self._furthest, step)
            self._say(words)

    def remark(self, words: str) -> None:
        """Print a request that could not be served."""
        with self._lock:
            self._say(words)

    @property
    def furthest(self) -> Step:
        """The furthest step so far."""
        return self._furthest

    def words(self) -> tuple[str, str]:
        """Return the furthest step in words, and what to check when it gets no further."""
        return _WORDS[self._furthest]
