"""A practice machine ready for the role: its seed and its packages over HTTP, keys, an inventory, Ansible."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any

import yaml

from blackstart.engine import galaxy, process
from blackstart.engine.journal import Journal
from blackstart.engine.runner import Runner
from blackstart.engine.ssh import Fleet
from blackstart.errors import UnreachableError
from blackstart.metal.known_hosts import pin
from blackstart.model.cluster import Disk, Disks, Nic, Node
from blackstart.power.base import Power
from blackstart.step import Play
from tests.support.metal import cloud, live, repository
from tests.support.metal.machine import ARGUMENTS, DISK_BYTES, SERIALS, Direct, Machine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from blackstart.engine.channel import Result

NAME = "metal-1"
MAC = "52:54:00:77:15:01"
ADDRESS = IPv4Address("10.77.15.11")
PORT = 8480
BOOT_SECONDS = 600.0  # a live boot takes 50 when nothing else runs
OLD, LIVE, NEW = "old", "live", "new"  # host keys


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@contextmanager
def serve(folder: Path, address: IPv4Address, port: int = PORT) -> Iterator[str]:
    """Serve a folder while the block runs; yields its URL, which ends in a slash."""
    with ThreadingHTTPServer((str(address), port), partial(_Silent, directory=str(folder))) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{address}:{port}/"
        server.shutdown()


@dataclass(frozen=True, slots=True)
class Site:
    """One machine and what is around it. `room` holds keys and known_hosts; packages are below `url`."""

    room: Path
    machine: Machine
    url: str

    @property
    def node(self) -> Node:
        """Return the machine as the inventory has it, as far as ssh and the seed ask."""
        boot = Disk(id=self.machine.by_id(SERIALS[0]), size_gb=12)
        return Node(
            name=NAME, ansible_host=ADDRESS, disks=Disks(boot=boot), nic_lan=Nic(name="lan", mac=MAC), ram_gib=3
        )

    def public(self, key: str) -> str:
        """Return the public half of one of the keys, as known_hosts has it."""
        return " ".join((self.room / f"{key}.pub").read_text().split()[:2])

    def boot_live(self, order: str = "0ld0rder") -> None:
        """Switch on into the live system; return when it answers with the key that this boot was told."""
        mark: dict[str, str | bool] = {"id": order, "node": NAME, "live": True}
        authorized = (self.room / "id_ed25519.pub").read_text().strip()
        cloud.seed(self.room / "www/seed", host_key=self.room / LIVE, authorized=authorized, mark=mark)
        made = self.room / "live-system"
        line = f"{ARGUMENTS} {cloud.line(f'{self.url}seed/')}"
        direct = Direct(made / live.KERNEL, made / live.CPIO, line)
        replace(self.machine, direct=direct).on()
        self.await_ssh(LIVE)

    def boot_disk(self) -> None:
        """Switch on as the firmware says; return when the installed system answers with the ordered key."""
        self.machine.on()
        self.await_ssh(NEW)

    def await_ssh(self, key: str, seconds: float = BOOT_SECONDS) -> float:
        """Return when the machine answers with this host key; AssertionError with its console's end if not."""
        pin(self.room / "known_hosts", self.node, self.public(key))
        begun = time.monotonic()
        while True:
            try:
                self.run("true")
            except UnreachableError as error:
                if time.monotonic() - begun > seconds:
                    raise AssertionError(f"{error.message}\n{self.machine.tail()}") from error
                time.sleep(1)
            else:
                return time.monotonic() - begun

    def await_dark(self, seconds: float = 240.0) -> None:
        """Return when the machine has no power."""
        end = time.monotonic() + seconds
        while self.machine.state().power is not Power.OFF:
            assert time.monotonic() < end, self.machine.tail()
            time.sleep(0.2)

    def run(self, *words: str, check: bool = True, timeout: float = 60.0) -> Result:
        """Run a command on the machine."""
        fleet = Fleet([self.node], self.room)
        try:
            return fleet.run(NAME, list(words), timeout=timeout, check=check)
        finally:
            fleet.close()

    def install(self, **changes: Any) -> dict[str, int]:
        """Run arch_install; changes are variables of it. Returns the number of changed tasks by node."""
        variables = {
            "arch_install_order_id": "0a1b2c",
            "arch_install_disk_serial": SERIALS[0],
            "arch_install_host_key_file": str(self.room / NEW),
            "arch_install_authorized_keys": [(self.room / "id_ed25519.pub").read_text().strip()],
            "arch_install_kernel_arguments": ARGUMENTS.split(),
            **changes,
        }
        return self.play("arch_install", **variables)

    def play(self, role: str, **variables: Any) -> dict[str, int]:
        """Run a role's playbook with these variables; returns the number of changed tasks by node."""
        journal = Journal(self.room / "runs" / str(time.monotonic_ns()))
        runner = Runner([self.room / "inventory"], self.room, journal, galaxy.ensure())
        return runner.play([Play(role, limit=(NAME,), variables=variables)], {})


def make(room: Path, live_system: Path, archive: Path) -> None:
    """Fill a room: keys, an inventory, and links to what is served and booted."""
    room.mkdir(parents=True)
    for name in (LIVE, NEW, "id_ed25519"):
        process.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", room / name])
    (room / "www").mkdir()
    for kind in (repository.SIGNED, repository.UNSIGNED):
        (room / "www" / kind).symlink_to(archive / kind)
    (room / "live-system").symlink_to(live_system)
    (room / "inventory").mkdir()
    (room / "inventory/hosts.yml").write_text(yaml.safe_dump(_inventory()))


def _inventory() -> dict[str, Any]:
    """Return the smallest inventory that the role's playbook can be run with."""
    size = DISK_BYTES // 10**9
    boot, *ceph = [
        {"id": f"nvme-QEMU_NVMe_Ctrl_{serial}", "size_gb": size, "serial": serial, "transport": "nvme"}
        for serial in SERIALS
    ]
    host = {
        "ansible_host": str(ADDRESS),
        "ansible_user": "root",
        "disks": {"boot": boot, "ceph": ceph},
        "nic_lan": {"name": "lan", "mac": MAC},
        "board_serial": "BOARD-0001",
    }
    everywhere = {
        "network_nodes": "10.77.15.0/24",
        "network_gateway": "10.77.15.254",
        "network_dns": ["10.77.15.254"],
        "arch_mirror": f"http://10.77.15.1:{PORT}/{repository.SIGNED}",
        "arch_snapshot": repository.SNAPSHOT,
        "arch_siglevel": "Required DatabaseOptional",
    }
    return {"all": {"vars": everywhere, "children": {"control_plane": {"hosts": {NAME: host}}}}}
