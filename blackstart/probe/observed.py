"""What was seen, as frozen dataclasses: the only thing that phases and gates decide on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from blackstart.node.gpu.units import GpuFacts

KUBEADM = "blackstart-kubeadm.service"  # in which the role control_plane has kubeadm run


@dataclass(frozen=True, slots=True)
class Unit:
    """A systemd unit: `active` as in ActiveState, `enabled` as in UnitFileState."""

    active: str
    enabled: str


@dataclass(frozen=True, slots=True)
class EtcdMember:
    """One member as etcd itself lists it; `id` is hexadecimal, as etcdctl wants it.

    A learner that never started has no name yet: then `address`, the host of its peer URL, says whose it is.
    """

    id: str
    name: str
    learner: bool
    healthy: bool
    address: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a role left on a node when it last succeeded, compared with the node as it is now.

    `inputs` is the hash of the role and the node's variables then; `drift` names the files, packages and units that
    are no longer as the role left them. A receipt speeds up a look and never replaces it: the node is hashed anew.
    """

    inputs: str
    drift: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DiskVerdict:
    """A Ceph disk of the inventory as the disk guard last judged it; `said` is the evidence in a few words.

    `there` tells whether its link in /dev/disk/by-id existed then, `now` whether it does.
    """

    id: str
    state: str
    said: str
    there: bool
    now: bool


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """One node. `reachable` False leaves everything else empty and says why in `error`."""

    name: str
    reachable: bool = True
    error: str = ""
    hostname: str = ""
    boot_id: str = ""
    machine_id: str = ""
    clock: float = 0.0  # seconds since the epoch on the node, minus the same on the control machine
    cgroup: str = ""  # v1 or v2
    memory_bytes: int = 0
    free_bytes: dict[str, int] = field(default_factory=dict)  # by path: /, /var/lib/containerd
    packages: dict[str, str] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    disks: tuple[DiskVerdict, ...] = ()  # empty as long as the disk guard has not judged them
    images: frozenset[str] = frozenset()  # references in containerd's k8s.io namespace
    is_member: bool = False  # kubelet.conf and the etcd manifest are there
    has_etcd_data: bool = False
    etcd: tuple[EtcdMember, ...] = ()
    api_ready: bool = False  # the node's own API server answers /readyz with 200
    api_error: str = ""
    holds_endpoint: bool = False  # the virtual address is on one of its interfaces
    endpoint_ready: bool = False  # /readyz through the virtual address, as seen from this node
    cni_files: tuple[str, ...] = ()  # below /etc/cni/net.d
    gpu: GpuFacts | None = None  # None: no AMD GPU
    kubelet_version: str = ""
    kernel: str = ""  # the release that runs
    kernels: tuple[str, ...] = ()  # the releases that are installed with their modules, as Arch packages them
    booted: float = 0.0  # start of its init (/proc/1), seconds since the epoch on the node; 0 when not known
    uptime: float = 0.0  # seconds since then
    board_serial: str = ""  # as firmware says it; empty in a container
    installation: str = ""  # the id of the order that the running system was installed under; empty: not by us
    live: bool = False  # it runs an installer's live system


@dataclass(frozen=True, slots=True)
class KubeNode:
    """A Node object."""

    name: str
    ready: bool
    kubelet: str
    unschedulable: bool = False
    cordoned: str = ""  # why blackstart cordoned it, from our annotation; a person's cordon has none
    control_plane: bool = True  # carries the control-plane label, the last thing that a kubeadm join does
    memory_bytes: int = 0  # allocatable, what the kubelet offers to pods
    gpus: int = 0  # allocatable amd.com/gpu, offered by AMD's device plugin


@dataclass(frozen=True, slots=True)
class BrokenPod:
    """A pod that is not what it should be: `reason` is the waiting or termination reason, `since` seconds ago.

    An init container's reason begins with "Init:", as kubectl shows it.
    """

    namespace: str
    name: str
    node: str
    phase: str
    reason: str
    message: str
    since: float
    created: float = 0.0  # seconds since the epoch; 0 when not known
    controller: str = ""  # kind of the owner that makes it anew when it is deleted; empty: nobody does


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment, StatefulSet or DaemonSet: how many it wants, how many are ready and of the newest revision."""

    kind: str
    namespace: str
    name: str
    desired: int
    ready: int
    updated: int


@dataclass(frozen=True, slots=True)
class Application:
    """An Argo CD Application by the fields that matter (argo-cd pkg/apis/application/v1alpha1/types.go)."""

    name: str
    namespace: str
    sync: str
    health: str
    phase: str
    message: str
    revision: str
    reconciled_at: str
    conditions: tuple[str, ...] = ()  # "Type: message"
    children: tuple[str, ...] = ()  # names of the Applications among its resources
    waiting_on: tuple[str, ...] = ()  # "Kind namespace/name: health or message" of resources that are not well
    repository: str = ""
    path: str = ""
    refreshing: bool = False  # carries argocd.argoproj.io/refresh, which Argo CD removes once it has compared anew
    held: bool = False  # carries our annotation blackstart.io/held: a network repair told Argo CD to leave it alone


@dataclass(frozen=True, slots=True)
class ApiFacts:
    """What the API says, asked once through one control plane's own address (`via`)."""

    reachable: bool = False
    via: str = ""
    error: str = ""
    version: str = ""
    nodes: tuple[KubeNode, ...] = ()
    workloads: tuple[Workload, ...] = ()
    broken_pods: tuple[BrokenPod, ...] = ()
    pods: int = 0
    applications: tuple[Application, ...] = ()
    namespaces: frozenset[str] = frozenset()
    crds: frozenset[str] = frozenset()
    receipts: dict[str, str] = field(default_factory=dict)  # cluster-level phase -> hash of its inputs when applied
    kube_proxy: bool = False  # a kube-proxy DaemonSet exists, which Cilium replaces
    cilium_agents: dict[str, bool] = field(default_factory=dict)  # node -> its agent pod is ready


@dataclass(frozen=True, slots=True)
class Observed:
    """The whole look. `inputs` holds, by step and node ("" for the cluster), the hash of today's desired inputs."""

    nodes: dict[str, NodeFacts] = field(default_factory=dict)
    api: ApiFacts = field(default_factory=ApiFacts)
    inputs: dict[tuple[str, str], str] = field(default_factory=dict)
    wanted_images: frozenset[str] = frozenset()  # references that the bundle holds for every node

    @property
    def members(self) -> tuple[str, ...]:
        """Nodes that are control-plane members by their own files."""
        return tuple(name for name, node in self.nodes.items() if node.is_member)

    @property
    def with_api(self) -> tuple[str, ...]:
        """Nodes whose own API server is ready."""
        return tuple(name for name, node in self.nodes.items() if node.api_ready)
