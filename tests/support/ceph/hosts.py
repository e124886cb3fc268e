"""Containers as Ceph hosts: each sees its own two loop devices, and no other block device of this machine."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, NamedTuple

from blackstart.engine import process
from blackstart.lab.guard import RESERVED

if TYPE_CHECKING:
    import subprocess
    from contextlib import ExitStack
    from pathlib import Path

    from blackstart.lab.podman import Podman

NAMES = ("melchior-1", "balthasar-2", "casper-3")
SUBNET = IPv4Network("10.77.18.0/24")
LABEL = "blackstart.ceph-test=1"
DISK = "blackstart-ceph-disk-"  # what the disks' files are called: by it, those of a run that was killed are found
DISK_BYTES = 4_000_317_440  # sold as 4 GB; the second label, at 1 GiB, has room
# The first process of each: children of others that end are not left as zombies.
INIT = "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN); signal.pause()"


class Host(NamedTuple):
    """One host; `disks` are the sparse files that are its disks."""

    name: str
    address: IPv4Address
    disks: tuple[Path, ...]

    @property
    def container(self) -> str:
        """The name of its container."""
        return f"blackstart-ceph-{self.name}"


class Room:
    """Everything that the hosts need of this machine; removed when `stack` is closed."""

    def __init__(self, podman: Podman, image: str, folder: Path, stack: ExitStack) -> None:
        """Make the network and the disks' files; what an earlier run left behind is removed first."""
        self._podman = podman
        self._image = image
        self.subnet = SUBNET
        self.etc = folder / "etc"
        self.etc.mkdir()
        self.device: dict[Path, str] = {}
        self._clear()
        stack.callback(self._clear)
        self.hosts = {
            name: Host(
                name, SUBNET[13 + place], tuple(self._disk(folder / f"{DISK}{name}-{letter}") for letter in "ab")
            )
            for place, name in enumerate(NAMES)
        }
        # Nobody else is on it, and nothing leads out of it.
        words = ["--label", LABEL, "--internal", "--disable-dns", "--subnet", str(SUBNET)]
        podman.run("network", "create", *words, "blackstart-ceph")

    def argv(self, host: str, *words: str) -> list[str]:
        """Return the command line that runs words in a host."""
        return ["podman", "--runtime", "runc", *self._podman.guard.engine, "exec", self.hosts[host].container, *words]

    def run(self, host: str, *words: str, check: bool = True, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command in a host."""
        return process.run(self.argv(host, *words), check=check, timeout=seconds)

    def attach(self, host: str) -> None:
        """Attach a host's disks, the last first when they were attached before: so that their names are swapped."""
        disks = self.hosts[host].disks
        for disk in reversed(disks) if disks[0] in self.device else disks:
            device = process.run(["losetup", "--find", "--show", disk]).stdout.strip()
            self.device[disk] = device
            assert int(device.removeprefix("/dev/loop")) not in RESERVED  # practice nodes may open those

    def detach(self, host: str) -> None:
        """Detach a host's disks; what is on them stays."""
        for disk in self.hosts[host].disks:
            process.run(["losetup", "--detach", self.device[disk]])

    def create(self, host: str) -> None:
        """Make a host that has its disks and the cluster's /etc/ceph, as Rook would give it, and nothing else."""
        here = self.hosts[host]
        words = ["--hostname", host, "--network", "blackstart-ceph", "--ip", str(here.address), "--label", LABEL]
        # ceph-osd needs aio, which podman's own seccomp rules deny; a privileged container would see every disk.
        words += ["--ulimit", "nofile=20000:20000", "--ulimit", "nproc=30000:30000"]
        words += ["--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined", "--volume", f"{self.etc}:/etc/ceph"]
        # By this folder lsblk finds a device's name; podman hides it since it shows what the machine has.
        words += ["--security-opt", "unmask=/sys/dev/block"]
        for disk in here.disks:
            words += ["--device", self.device[disk]]
        self._podman.run("run", "--detach", "--name", here.container, *words, self._image, "python3", "-c", INIT)
        self.run(host, "install", "-d", "-o", "ceph", "-g", "ceph", "/run/ceph")
        # ceph-volume asks udev whether a device is settled (libblkid reads it here).
        self.run(host, "mkdir", "-p", "/run/udev/data")
        for disk in here.disks:
            number = self.run(host, "cat", f"/sys/block/{self.device[disk].rpartition('/')[2]}/dev").stdout.strip()
            self.run(host, "sh", "-c", f"echo I:1 >/run/udev/data/b{number}")

    def destroy(self, host: str) -> None:
        """Take a host away as a power cut does, with everything that is not on its disks."""
        self._podman.run("rm", "--force", "--time", "0", self.hosts[host].container)

    def _disk(self, path: Path) -> Path:
        with path.open("wb") as file:
            file.truncate(DISK_BYTES)
        return path

    def _clear(self) -> None:
        for name in self._podman.containers(LABEL):
            self._podman.run("rm", "--force", "--time", "0", name)
        for name in self._podman.networks(LABEL):
            self._podman.run("network", "rm", "--force", name)
        listed = process.run(["losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE"]).stdout
        for device, file in re.findall(r"^(\S+) +(\S+)", listed, re.MULTILINE):
            if file.rpartition("/")[2].startswith(DISK):
                process.run(["losetup", "--detach", device])
