"""A network of the practice machines' own: a bridge on this machine, and a router that gives addresses alone.

This machine has the first address. The router is a network namespace with the last one; its dnsmasq knows nothing of
booting, so that a proxy DHCP of ours has to live beside another's DHCP server, as in a home.
"""

from __future__ import annotations

import fcntl
import json
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from blackstart.engine import process
from tests.support.metal import programs

if TYPE_CHECKING:
    from collections.abc import Mapping

NETWORK = IPv4Network("10.77.15.0/24")
FIRST_LEASE, LAST_LEASE = 100, 199


@dataclass(frozen=True, slots=True)
class Lan:
    """One network; `name` is the bridge's, at most nine characters. `leases`: MAC addresses that always get theirs."""

    folder: Path
    name: str = "bsmetal"
    network: IPv4Network = NETWORK
    leases: Mapping[str, IPv4Address] = field(default_factory=dict)
    held: list[TextIO] = field(default_factory=list, repr=False, compare=False)  # the lock, while it is ours

    @property
    def here(self) -> IPv4Address:
        """Return this machine's own address on it."""
        return self.network[1]

    @property
    def router(self) -> IPv4Address:
        """Return the router's address: it gives leases, answers, and leads nowhere."""
        return self.network[-2]

    @property
    def log(self) -> Path:
        """Return the file of what the router's dnsmasq says."""
        return self.folder / "router.log"

    @property
    def _space(self) -> str:
        return f"{self.name}-router"

    @property
    def _pid(self) -> Path:
        return self.folder / "router.pid"

    def claim(self) -> None:
        """Wait until no other run on this machine has a network of this name, and keep it until down()."""
        if not self.held:
            lock = Path(f"/run/blackstart-{self.name}.lock").open("w")  # noqa: SIM115 - held until down()
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.held.append(lock)

    def up(self) -> None:
        """Create it; what an earlier run left of it is removed first. Waits for another run's end."""
        self.claim()
        self._clear()
        self.folder.mkdir(parents=True, exist_ok=True)
        inner, length = f"{self.name}-r", self.network.prefixlen
        _ip("link", "add", self.name, "type", "bridge", "forward_delay", "0")
        _ip("address", "add", f"{self.here}/{length}", "dev", self.name)
        _ip("link", "set", self.name, "up")
        _ip("netns", "add", self._space)
        _ip("link", "add", inner, "type", "veth", "peer", "name", "lan", "netns", self._space)
        _ip("link", "set", inner, "master", self.name, "up")
        inside = ("-netns", self._space)
        _ip(*inside, "address", "add", f"{self.router}/{length}", "dev", "lan")
        _ip(*inside, "link", "set", "lan", "up")
        self._start_router()

    def down(self) -> None:
        """Remove what up() created; machines must be off. Without up() or claim() it is another run's, and stays."""
        if self.held:
            self._clear()
            self.held.pop().close()

    def _clear(self) -> None:
        """Remove all of it that exists."""
        programs.end(self._pid)
        for link in json.loads(process.run(["ip", "-json", "link", "show"]).stdout):
            if link["ifname"] == self.name or link.get("master") == self.name:
                _ip("link", "delete", link["ifname"])
        if self._space in process.run(["ip", "netns", "list"]).stdout.split():
            _ip("netns", "delete", self._space)

    def attach(self, tap: str) -> None:
        """Make a tap device, a machine's end of its cable, unless it is there."""
        if process.run(["ip", "link", "show", "dev", tap], check=False).returncode != 0:
            _ip("tuntap", "add", "dev", tap, "mode", "tap")
        _ip("link", "set", tap, "master", self.name, "up")

    def _start_router(self) -> None:
        mask = self.network.netmask
        fixed = [f"--dhcp-host={mac},{address}" for mac, address in self.leases.items()]
        words = [
            "--conf-file=/dev/null", "--user=root", "--interface=lan", "--bind-interfaces", "--port=0", "--no-ping",
            f"--dhcp-range={self.network[FIRST_LEASE]},{self.network[LAST_LEASE]},{mask},1h", "--dhcp-authoritative",
            f"--dhcp-leasefile={self.folder / 'router.leases'}", f"--log-facility={self.log}", "--log-dhcp",
            f"--pid-file={self._pid}", *fixed,
        ]  # fmt: skip
        process.run(["ip", "netns", "exec", self._space, "dnsmasq", *words])


def _ip(*words: str) -> None:
    process.run(["ip", *words])
