"""The desired state as pydantic models; field names are the inventory's variable names.

One flat variable per fact, so that an overlay inventory can change one without repeating its neighbours.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """A model that refuses keys it does not know and cannot be changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Disk(Strict):
    """One disk by its name below /dev/disk/by-id (never /dev/sdX); size in decimal gigabytes as sold."""

    id: str
    size_gb: int
    serial: str = ""


class Disks(Strict):
    """A node's boot disk and the disks that belong to Ceph."""

    boot: Disk
    ceph: tuple[Disk, ...] = ()


class Nic(Strict):
    """A network interface; the name may change with firmware, the MAC address does not."""

    name: str
    mac: str = ""
    address: IPv4Address | None = None


class Node(Strict):
    """One machine: `name` is its inventory name and its Kubernetes node name, `ansible_host` its node address."""

    name: str
    ansible_host: IPv4Address
    ansible_user: str = "root"
    ansible_port: int = 22
    disks: Disks
    nic_lan: Nic
    nic_storage: Nic | None = None
    ram_gib: int
    gpu_carve_out_gib: int = 0


class Versions(Strict):
    """Versions that must match each other and the bundle, written as upstream writes them."""

    kubernetes: str
    kubelet: str
    containerd: str
    etcd: str
    coredns: str
    pause: str
    cilium: str
    argocd: str


class Network(Strict):
    """Address ranges; every pair must be disjoint, reserved ranges ("a.b.c.d-a.b.c.d") must stay free of nodes."""

    nodes: IPv4Network
    pods: IPv4Network
    services: IPv4Network
    storage: IPv4Network | None = None
    gateway: IPv4Address | None = None
    dns: tuple[IPv4Address, ...] = ()
    reserved: tuple[str, ...] = ()


class Endpoint(Strict):
    """The API's address: a name in every node's /etc/hosts, a virtual address held by keepalived, a port."""

    name: str
    address: IPv4Address
    port: int = 6443
    router_id: int = Field(default=51, ge=1, le=255)


class Arch(Strict):
    """The pinned package snapshot: MIRROR/repos/YYYY/MM/DD/$repo/os/$arch."""

    mirror: str
    snapshot: str = Field(pattern=r"^\d{4}/\d{2}/\d{2}$")
    siglevel: str = "Required DatabaseOptional"


class Time(Strict):
    """Clock: servers by address, because DNS may be dark; sync is `none` where the clock is another's (containers)."""

    sync: Literal["timesyncd", "none"] = "timesyncd"
    servers: tuple[str, ...] = ()
    max_skew_seconds: float = 1.0


class Gitops(Strict):
    """The root app: its Git repository, revision and path, and how long its leaves may take, in minutes."""

    repository: str
    revision: str
    path: str
    timeout_minutes: int = 30


class Cluster(Strict):
    """Everything the inventory says; `nodes` in inventory order."""

    name: str
    id: int = Field(ge=1, le=255)
    domain: str = "cluster.local"
    nodes: tuple[Node, ...]
    versions: Versions
    network: Network
    endpoint: Endpoint
    arch: Arch
    time: Time
    gitops: Gitops
    bundle_path: Path

    @property
    def node_names(self) -> tuple[str, ...]:
        """Names in inventory order."""
        return tuple(node.name for node in self.nodes)

    def node(self, name: str) -> Node:
        """Return a node by its name; KeyError when there is none."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(name)
