"""The desired state as pydantic models; field names are the inventory's variable names.

One flat variable per fact, so that an overlay inventory can change one without repeating its neighbours.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from blackstart.model.power import Ask, Power

PLACEHOLDER = "CHANGE-ME"
SSH_PORT = 22


def is_placeholder(value: object) -> bool:
    """Say whether a value is a placeholder that the owner of the machines has to replace."""
    return isinstance(value, str) and PLACEHOLDER in value


def _unless_placeholder(value: object) -> object:
    return None if is_placeholder(value) else value


class Strict(BaseModel):
    """A model that refuses keys it does not know and cannot be changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Disk(Strict):
    """One disk by its name below /dev/disk/by-id (never /dev/sdX); size in decimal gigabytes as sold.

    `transport` as lsblk names it (nvme, sata, usb); `wipe` is the disk's serial number when its data may be erased.
    """

    id: str = Field(min_length=1)
    size_gb: int = Field(gt=0)
    serial: str = ""
    transport: str = ""
    wipe: str = ""


class Disks(Strict):
    """A node's boot disk and the disks that belong to Ceph."""

    boot: Disk
    ceph: tuple[Disk, ...] = ()


class Nic(Strict):
    """A network interface; the name may change with firmware, the MAC address does not."""

    name: str = Field(min_length=1)
    mac: str = ""
    address: Annotated[IPv4Address | None, BeforeValidator(_unless_placeholder)] = None


class Node(Strict):
    """One machine: `name` is its inventory name and its Kubernetes node name, `ansible_host` its node address.

    `board_serial` is the mainboard's serial number (/sys/class/dmi/id/board_serial): with it a machine whose disks are
    to be erased or used is told from any other. `install_method` is how a system gets onto it.
    """

    name: str
    ansible_host: IPv4Address
    ansible_user: str = "root"
    ansible_port: int = Field(default=SSH_PORT, ge=1, le=65535)
    disks: Disks
    nic_lan: Nic
    nic_storage: Nic | None = None
    ram_gib: int = Field(gt=0)
    gpu_carve_out_gib: int = Field(default=0, ge=0)
    power: Power = Ask()
    board_serial: str = ""
    install_method: Literal["netboot", "media", "lab"] = "netboot"

    @classmethod
    def of_disks(cls, name: str, disks: Disks, board_serial: str = "") -> Node:
        """Return as much of a node as the verdicts on its disks need: what else it has is no business of theirs."""
        fields: dict[str, Any] = {"name": name, "disks": disks, "board_serial": board_serial}
        return cls.model_construct(**fields)

    @property
    def known_as(self) -> str:
        """Its name in known_hosts (sshd(8)): its address, with its port when it is not 22."""
        plain = self.ansible_port == SSH_PORT
        return str(self.ansible_host) if plain else f"[{self.ansible_host}]:{self.ansible_port}"


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
    on_this_machine: bool = False  # the gateway is this machine itself: without it nothing may leave for a node


class Endpoint(Strict):
    """The API's address: a name in every node's /etc/hosts, a virtual address held by keepalived, a port."""

    name: str
    address: IPv4Address
    port: int = Field(default=6443, ge=1, le=65535)
    router_id: int = Field(default=51, ge=1, le=255)


class Arch(Strict):
    """The pinned package snapshot, MIRROR/repos/YYYY/MM/DD/$repo/os/$arch; and a new system's kernel arguments."""

    mirror: str
    snapshot: str = Field(pattern=r"^\d{4}/\d{2}/\d{2}$")
    siglevel: str = "Required DatabaseOptional"
    kernel_arguments: tuple[str, ...] = ()


class Time(Strict):
    """Clock: servers by address, because DNS may be down; sync is `none` if another system keeps it."""

    sync: Literal["timesyncd", "none"] = "timesyncd"
    servers: tuple[str, ...] = ()
    max_skew_seconds: float = Field(default=1.0, gt=0)


class Gitops(Strict):
    """The root app: its Git repository, revision and path, and how long its leaves may take, in minutes."""

    repository: str
    revision: str
    path: str
    timeout_minutes: int = Field(default=30, gt=0)


class Kubelet(Strict):
    """Fields of KubeletConfiguration for every kubelet, and the size of swap in compressed memory (0: none)."""

    config: dict[str, Any] = {}
    zram_mib: int = Field(default=0, ge=0)


class Containerd(Strict):
    """What depends on the kernel that containerd runs on; the defaults are right for a real machine."""

    systemd_cgroup: bool = True
    restrict_oom_score_adj: bool = False


class Kubeadm(Strict):
    """kubeadm's preflight checks whose errors are accepted, by name, and arguments of etcd beside kubeadm's own."""

    ignore_preflight_errors: tuple[str, ...] = ()
    etcd_extra_args: dict[str, str] = {}


class Cilium(Strict):
    """Chart values that are this cluster's own choice, merged over bootstrap/cilium/values.yaml.j2."""

    overrides: dict[str, Any] = {}


class Argocd(Strict):
    """Where people find Argo CD."""

    url: str = ""


class Seed(Strict):
    """What must exist before GitOps: CRDs (files of the bundle, or beside the inventory), namespaces, first Secrets.

    The Secrets come as an age-encrypted file with the identity that opens it: both or neither.
    """

    crds: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    secrets_file: str = ""
    identity_file: str = ""


class Gpu(Strict):
    """The GPUs' architecture as ROCm names it, and what software sets of their memory (GiB; 0: the kernel's default).

    The numbers of the groups render and video are left as they are when 0. strict has `up` fail for what only firmware
    can set, instead of warning.
    """

    target: str = ""
    gtt_gib: int = Field(default=0, ge=0)
    page_pool_gib: int = Field(default=0, ge=0)
    render_gid: int = Field(default=0, ge=0, le=999)  # a system group's (login.defs(5), SYS_GID_MAX)
    video_gid: int = Field(default=0, ge=0, le=999)
    strict: bool = False


class Storage(Strict):
    """Rook and Ceph as the repository runs them: facts for the phases that care for disks and data."""

    rook_version: str = ""
    ceph_version: str = ""
    ceph_fsid: str = ""
    network_provider: str = "host"
    mons: int = Field(default=3, ge=1)
    mgrs: int = Field(default=2, ge=1)
    data_dir: str = "/var/lib/rook"
    osd_max_backfills: int = Field(default=1, ge=1)
    osd_recovery_sleep: float = Field(default=0.1, ge=0)
    trim: bool = True  # whether nodes give free blocks back to their disks; in a container they are the machine's


class Netboot(Strict):
    """The live system that installs: where its files are, and how it is booted.

    path is the folder of the files, left out netboot/ in the bundle; kernel and initrds are names in it. In
    command_line `{live}` is that folder's URL and `{seed}` that of cloud-init's seed, both with a slash at their end,
    and `{mac}` the address of the interface, as in 52-54-00-aa-00-01. The ISO is what the files are taken from.
    """

    path: Annotated[Path | None, BeforeValidator(lambda value: value or None)] = None
    kernel: str = "arch/boot/x86_64/vmlinuz-linux"
    initrds: tuple[str, ...] = ("arch/boot/x86_64/initramfs-linux.img",)
    command_line: str = (
        "archisobasedir=arch archiso_http_srv={live} checksum=y ip=dhcp BOOTIF=01-{mac} ds=nocloud;s={seed}"
    )
    iso_url: str = ""
    iso_sha256: str = ""


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
    kubelet: Kubelet = Kubelet()
    containerd: Containerd = Containerd()
    kubeadm: Kubeadm = Kubeadm()
    cilium: Cilium = Cilium()
    argocd: Argocd = Argocd()
    seed: Seed = Seed()
    gpu: Gpu = Gpu()
    storage: Storage = Storage()
    netboot: Netboot = Netboot()
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
