"""Names and addresses of the practice cluster: the same as inventory/lab says, held equal by a test."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network
from string import ascii_uppercase
from typing import TYPE_CHECKING

from blackstart import paths

if TYPE_CHECKING:
    from pathlib import Path


LABEL = "blackstart.lab"  # on every container and network of ours; its value tells one set of nodes from another


@dataclass(frozen=True, slots=True)
class Machine:
    """One practice node: its host name, its address on the lab's network, and the name of its container."""

    name: str
    address: IPv4Address
    container: str

    @property
    def mac(self) -> str:
        """Its MAC address."""
        return mac(self.address)


def mac(address: IPv4Address) -> str:
    """Return a fixed, locally administered MAC address: with another one after each start, neighbours wait a minute."""
    return "02:42:" + ":".join(f"{byte:02x}" for byte in address.packed)


@dataclass(frozen=True, slots=True)
class Disk:
    """One practice disk of a node: what its controller would say of it; size in bytes."""

    node: str
    serial: str
    size: int
    model: str = "PRACTICE_DISK"

    @property
    def id(self) -> str:
        """Its name below /dev/disk/by-id."""
        return f"nvme-{self.model}_{self.serial}"

    @property
    def wwn(self) -> str:
        """Its world wide name, in the form that NVMe disks have it."""
        return f"eui.{sha256(self.serial.encode()).hexdigest()[:16]}"


def as_sold(gigabytes: int) -> int:
    """Return the bytes of a disk sold with that many decimal gigabytes (IDEMA LBA1-03; 1000 GB are 1000204886016)."""
    return (97_696_368 + 1_953_504 * (gigabytes - 50)) * 512


@dataclass(frozen=True, slots=True)
class Layout:
    """One set of practice nodes on a network of their own; the lab is one, a role's test may be another.

    `cluster` names the state folder and the value of the label that marks what belongs to this set. `shares` are
    folders of this machine that every node sees read-only, each with its place there.
    """

    cluster: str
    subnet: IPv4Network
    names: tuple[str, ...]
    first: int = 13  # the first node's place in the subnet
    nic: str = "enp196s0"  # as on the homelab's machines, so that nothing has to differ
    shares: tuple[tuple[Path, str], ...] = ()
    disk_gb: tuple[int, ...] = (4, 6, 6)  # of each node, in gigabytes as sold: the boot disk's, then Ceph's

    @property
    def prefix(self) -> str:
        """What its containers' names begin with."""
        return "blackstart" if self.cluster == "lab" else f"blackstart-{self.cluster}"

    @property
    def network(self) -> str:
        """The name of its network."""
        return f"blackstart-{self.cluster}"

    @property
    def label(self) -> str:
        """The label on everything that is part of it."""
        return f"{LABEL}=1" if self.cluster == "lab" else f"{LABEL}={self.cluster}"

    @property
    def gateway(self) -> IPv4Address:
        """The address of this machine itself on that network."""
        return self.subnet[1]

    @property
    def git_address(self) -> IPv4Address:
        """The Git server's address."""
        return self.subnet[2]

    @property
    def machines(self) -> tuple[Machine, ...]:
        """Its nodes in order."""
        return tuple(
            Machine(name, self.subnet[self.first + place], f"{self.prefix}-{name}")
            for place, name in enumerate(self.names)
        )

    @property
    def disks(self) -> dict[str, tuple[Disk, ...]]:
        """Each node's disks in order; sets with the same names have disks with the same names."""
        return {
            name: tuple(
                Disk(name, f"{name.replace('-', '').upper()}{letter}", as_sold(size))
                for letter, size in zip(ascii_uppercase, self.disk_gb, strict=False)
            )
            for name in self.names
        }

    @property
    def state(self) -> Path:
        """The folder of its keys, volumes, lock and runs, mode 0700."""
        return paths.state(self.cluster)

    def machine(self, name: str) -> Machine:
        """Return a node by its name; KeyError when there is none."""
        return {machine.name: machine for machine in self.machines}[name]

    def disk(self, name: str, disk_id: str) -> Disk:
        """Return a node's disk by its name below /dev/disk/by-id; KeyError when there is none."""
        return {disk.id: disk for disk in self.disks[name]}[disk_id]


LAB = Layout("lab", IPv4Network("10.77.13.0/24"), ("melchior-1", "balthasar-2", "casper-3"))
