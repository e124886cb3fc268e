"""Proxy DHCP and TFTP for network boots: dnsmasq beside the network's own DHCP server.

It assigns no addresses (dnsmasq(8), dhcp-range with `proxy`) and answers, on one interface, only machines whose MAC
address is in the inventory: their firmware gets iPXE by TFTP, and iPXE gets the URL of our script.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from blackstart.engine import process
from blackstart.errors import InputError
from blackstart.metal.boot_progress import BootProgress, Step
from blackstart.model.cluster import is_placeholder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Address

    from blackstart.model.cluster import Cluster

LOADER = "snponly.efi"  # it uses the firmware's own driver for the interface that it booted from
# Where Debian's and Arch's packages `ipxe` have it.
LOADERS = (Path("/usr/lib/ipxe") / LOADER, Path("/usr/share/ipxe/x86_64") / LOADER)
_SECONDS = 10.0
_PAUSE = 0.05
# Lines of dnsmasq: `... PXE(eth0) 52:54:00:aa:00:01 proxy`, `sent /.../snponly.efi to ADDRESS`.
_OFFER = re.compile(r"\bPXE\(\S+\) (?:\S+ )?(?P<mac>(?:[0-9a-f]{2}:){5}[0-9a-f]{2})")
_SENT = re.compile(r"\bsent \S+/(?P<file>\S+) to (?P<who>\S+)")
_FAILED = re.compile(r"\b(?:failed sending|cannot read|file \S+ not found|error \d+)\b.*")


def macs(desired: Cluster) -> dict[str, str]:
    """Return the MAC address of each node's interface on the node network, placeholders left out."""
    nics = {node.name: node.nic_lan.mac for node in desired.nodes}
    return {name: mac.lower() for name, mac in nics.items() if mac and not is_placeholder(mac)}


def loader() -> Path:
    """Return iPXE for UEFI; InputError when it is not installed."""
    for path in LOADERS:
        if path.is_file():
            return path
    raise InputError(f"iPXE is missing: no {' and no '.join(map(str, LOADERS))}", hint="install the package ipxe")


def interface(address: IPv4Address) -> str:
    """Return the name of this machine's interface that has an address."""
    found = json.loads(process.run(["ip", "-json", "-4", "address", "show"]).stdout)
    for link in found:
        if any(entry.get("local") == str(address) for entry in link.get("addr_info", ())):
            return str(link["ifname"])
    raise InputError(
        f"{address} is not (or no longer) an address of this machine",
        hint="blackstart serves network boots from an address on the node network: ip -brief address",
    )


def configuration(desired: Cluster, link: str, address: IPv4Address, url: str, tftp: Path) -> str:
    """Render dnsmasq's configuration (pure): link is the interface, tftp the folder that holds LOADER and no more."""
    network = desired.network.nodes
    lines = [
        "port=0",
        f"interface={link}",
        "bind-interfaces",
        f"dhcp-range={network.network_address},proxy,{network.netmask}",
        "dhcp-ignore=tag:!known",
        *(f"dhcp-host={mac},set:{name}" for name, mac in macs(desired).items()),
        # iPXE identifies itself by this option; without the tag it would be sent iPXE again and again.
        "dhcp-match=set:ipxe,175",
        # RFC 4578's architectures 7 and 9: 64-bit x86 firmware sends one or the other.
        f"pxe-service=tag:!ipxe,x86-64_EFI,blackstart,{LOADER},{address}",
        f"pxe-service=tag:!ipxe,BC_EFI,blackstart,{LOADER},{address}",
        f"dhcp-boot=tag:ipxe,{url}/boot.ipxe",
        "enable-tftp",
        f"tftp-root={tftp}",
        "log-dhcp",
        "log-facility=-",
        "leasefile-ro",
        "user=nobody",
    ]
    return "".join(f"{line}\n" for line in lines)


@contextmanager
def answering(desired: Cluster, address: IPv4Address, url: str, room: Path, asked: BootProgress) -> Iterator[None]:
    """Serve firmware while the block runs; room is a folder that only this cluster's server uses.

    A server that a killed run left running is stopped first. Raises InputError when something is missing or in use.
    """
    link = interface(address)
    tftp = Path(tempfile.mkdtemp(prefix="blackstart-tftp-"))
    try:
        tftp.chmod(0o755)  # it reads as nobody
        shutil.copyfile(loader(), tftp / LOADER)
        room.mkdir(mode=0o700, exist_ok=True)
        settings, number = room / "dnsmasq.conf", room / "dnsmasq.pid"
        _end_leftover(settings, number)
        require_ports(link)
        settings.write_text(configuration(desired, link, address, url, tftp))
        with _dnsmasq([f"--conf-file={settings}", f"--pid-file={number}"], _Listener(asked, macs(desired))):
            yield
    finally:
        shutil.rmtree(tftp, ignore_errors=True)


@contextmanager
def _dnsmasq(words: list[str], listener: _Listener) -> Iterator[None]:
    try:
        with process.beside(["dnsmasq", "--keep-in-foreground", *words], listener) as runs:
            end = time.monotonic() + _SECONDS
            while not listener.started.wait(_PAUSE):
                if not runs() or time.monotonic() > end:
                    said = "; ".join(listener.first) or "no output"
                    raise InputError(
                        f"dnsmasq, which serves network boots, does not start: {said}",
                        hint="UDP ports 67, 69 and 4011 must be free: ss -lunp 'sport = :67'",
                    )
            yield
    except process.ProcessError as error:
        raise InputError("dnsmasq is missing", hint="install it: Debian dnsmasq-base, Arch dnsmasq") from error


class _Listener:
    """Reads dnsmasq's lines and records what a machine requested."""

    def __init__(self, asked: BootProgress, known: dict[str, str]) -> None:
        self.started = threading.Event()
        self.first: list[str] = []
        self._asked = asked
        self._names = {mac: name for name, mac in known.items()}
        self._last = ""

    def __call__(self, line: str) -> None:
        if not self.started.is_set():
            self.first = [*self.first[-3:], line]
        if "started, version" in line:
            self.started.set()
        elif (found := _OFFER.search(line)) and found["mac"] in self._names:
            self._once(Step.FIRMWARE, f"the firmware of {self._names[found['mac']]} asked what to boot")
        elif found := _SENT.search(line):
            self._once(Step.LOADER, f"{found['who']} fetched {found['file']}")
        elif found := _FAILED.search(line):
            self._asked.remark(f"TFTP: {found[0]}")

    def _once(self, step: Step, words: str) -> None:
        """Record it once for the several packets of one request."""
        if words != self._last:
            self._last = words
            self._asked.note(step, words)


def require_ports(link: str) -> None:
    """Raise InputError when this process may not serve DHCP and TFTP on an interface, or another one does already."""
    for port in (67, 69, 4011):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
                probe.bind(("", port))
            except PermissionError as error:
                message = f"UDP port {port} cannot be served by this user; root is required"
                raise InputError(message, hint="run it as root: sudo blackstart ...") from error
            except OSError as error:
                raise InputError(
                    f"UDP port {port} on {link} is not free: {error.strerror}",
                    hint=f"stop what uses it: ss -lunp 'sport = :{port}'",
                ) from error


def _end_leftover(settings: Path, number: Path) -> None:
    """Stop the server of a killed run: its own, recognised by its PID file and its arguments."""
    with suppress(OSError, ValueError):
        pid = int(number.read_text())
        if f"--conf-file={settings}".encode() in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
            os.kill(pid, signal.SIGTERM)
            end = time.monotonic() + _SECONDS
            while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
                time.sleep(_PAUSE)
    number.unlink(missing_ok=True)
