"""Real loop devices over sparse files, under names of their own: a root folder in which /dev/disk/by-id has them."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any

from blackstart.disks.facts import DiskTable, parse
from blackstart.engine import carrier, process
from blackstart.engine.channel import Result
from blackstart.lab.guard import RESERVED
from blackstart.model import cluster

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

GB = 1e9


class Here:
    """A node that is this machine: what would be sent is run here, by this Python without our package."""

    def run(self, _node: str, argv: Sequence[str], *, stdin: bytes, timeout: float, check: bool) -> Result:
        done = process.run([sys.executable, *argv[1:]], stdin=stdin, check=check, timeout=timeout)
        return Result(done.returncode, done.stdout, done.stderr)


@contextmanager
def attached(image: Path, *options: str) -> Iterator[str]:
    """Attach a file to a free loop device and yield the device's path; detach it at the end."""
    device = process.run(["losetup", "--find", "--show", *options, image]).stdout.strip()
    try:
        assert int(device.removeprefix("/dev/loop")) not in RESERVED  # practice nodes may open those
        yield device
    finally:
        process.run(["losetup", "--detach", device])


class Bench:
    """Attached images by name; `device` has each one's path. Each is ata-LAB_NAME with the serial number NAME."""

    def __init__(self, room: Path, stack: ExitStack) -> None:
        """Make the root folder: the machine's own /sys and /proc, and a /dev of ours."""
        self.root = room / "root"
        self._stack = stack
        self.device: dict[str, str] = {}
        for folder in ("dev/disk/by-id", "run/udev/data"):
            (self.root / folder).mkdir(parents=True)
        (self.root / "sys").symlink_to("/sys")
        (self.root / "proc").symlink_to("/proc")

    def attach(self, name: str, image: Path, *options: str) -> str:
        """Attach an image and give it a name; return the device's path."""
        device = self._stack.enter_context(attached(image, *options))
        kernel = device.rpartition("/")[2]
        (self.root / "dev" / kernel).symlink_to(device)
        (self.root / "dev/disk/by-id" / f"ata-LAB_{name}").symlink_to(f"../../{kernel}")
        number = (self.root / "sys/block" / kernel / "dev").read_text().strip()
        lines = [f"E:ID_SERIAL_SHORT={name}", "E:ID_BUS=ata", f"S:disk/by-id/ata-LAB_{name}"]
        (self.root / "run/udev/data" / f"b{number}").write_text("\n".join(lines) + "\n")
        self.device[name] = device
        return device

    def look(self, *names: str, full: bool = False) -> DiskTable:
        """Look as blackstart does, in one round trip; these names are those of the inventory."""
        named = [f"ata-LAB_{name}" for name in names]
        request: dict[str, Any] = {"named": named, "full": full, "seed": "test", "root": str(self.root)}
        return parse(carrier.send(Here(), "here", "disks.survey", request, timeout=120).answer)  # type: ignore[arg-type]  # no Fleet - it runs here


def wanted(name: str, size: int, **fields: Any) -> cluster.Disk:
    """Return a disk of the inventory that fits an attached image of so many bytes."""
    return cluster.Disk(id=f"ata-LAB_{name}", size_gb=round(size / GB), serial=name, transport="sata", **fields)


def node(*ceph: cluster.Disk) -> cluster.Node:
    """Return a node with these Ceph disks, and a boot disk that is not there."""
    disks = cluster.Disks(boot=cluster.Disk(id="nvme-elsewhere", size_gb=1000), ceph=ceph)
    nic = cluster.Nic(name="lan0")
    return cluster.Node(name="here", ansible_host=IPv4Address("192.0.2.1"), disks=disks, nic_lan=nic, ram_gib=8)
