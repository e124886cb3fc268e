"""Power by wake-on-LAN: a magic packet to the LAN's broadcast address. It can only switch on."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blackstart.errors import RefusedError, UnreachableError
from blackstart.power.base import Power, PowerFacts

if TYPE_CHECKING:
    from ipaddress import IPv4Address

_CANNOT = "wake-on-LAN cannot switch a machine off"
_HINT = "shut it down by `systemctl poweroff`, or hold its power button for five seconds"


def packet(mac: str) -> bytes:
    """Return the magic packet: six times 0xff, then the MAC address sixteen times (AMD, Magic Packet Technology)."""
    return b"\xff" * 6 + bytes.fromhex(mac.replace(":", "")) * 16


@dataclass(frozen=True, slots=True)
class WakeOnLan:
    """Wakes the machine `name`. Nothing acknowledges a packet, and one is often not enough: hence repeat."""

    name: str
    mac: str
    broadcast: IPv4Address
    port: int
    tells: bool = False
    repeat: float = 2.0

    def on(self) -> str:
        """Send one packet."""
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                sender.sendto(packet(self.mac), (str(self.broadcast), self.port))
        except OSError as error:
            raise UnreachableError(
                f"no magic packet for {self.name} could be sent to {self.broadcast}: {error.strerror or error}",
                hint="is this machine on the nodes' LAN? power.broadcast says where packets go",
            ) from error
        return f"sent a magic packet for {self.mac} to {self.broadcast}, port {self.port}"

    def off(self, *, force: bool = False) -> str:  # noqa: ARG002 - the Protocol's signature
        """Raise RefusedError."""
        raise RefusedError(f"{_CANNOT}: {self.name}", hint=_HINT)

    def cycle(self) -> str:
        """Raise RefusedError."""
        raise RefusedError(f"{_CANNOT}: {self.name}", hint=_HINT)

    def state(self) -> PowerFacts:
        """Return unknown: nothing answers a magic packet."""
        return PowerFacts(Power.UNKNOWN, "wake-on-LAN sees nothing")
