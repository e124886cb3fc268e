"""The packages themselves: one entry each, under Arch's names."""

from __future__ import annotations

from blackstart.lab.packages import PackageRecipe

_K8S = "1.35.1"
_NODE = "node-packages/tree/usr"
_SMART_FILES = tuple(f"share/smartmontools/{name}" for name in ("drivedb.h", "smartd_warning.sh"))
_CNI = ("bridge", "host-local", "loopback", "portmap")


def _in_image(name: str) -> PackageRecipe:
    """Return a package without files for what the practice node's image already carries."""
    return PackageRecipe(name, f"={name}", "Stands for what the node image carries", repository="core")


PACKAGES: tuple[PackageRecipe, ...] = (
    PackageRecipe("lab-libs", "1", "A dependency of lab-base", repository="core"),
    PackageRecipe(
        "lab-base",
        "1",
        "A package with a group and a dependency: community.general.pacman fails without",
        depends=("lab-libs",),
        groups=("base",),
        repository="core",
    ),
    _in_image("iproute2"),
    _in_image("iptables"),
    _in_image("kmod"),
    _in_image("nftables"),
    PackageRecipe("debian-libs", "12", "Libraries of the programs that come from Debian", repository="core"),
    PackageRecipe(
        "kubeadm",
        _K8S,
        "A tool for quickly installing Kubernetes and setting up a secure cluster",
        ("kubernetes/kubeadm",),
        depends=("conntrack-tools", "ethtool", "iptables", "kubelet", "socat"),
        groups=("kubernetes-tools",),
    ),
    PackageRecipe(
        "kubelet",
        _K8S,
        "An agent that runs on each node in a Kubernetes cluster",
        ("kubernetes/kubelet",),
        folders={"etc/kubernetes/manifests": 0o700},
        depends=("cni-plugins", "conntrack-tools", "ethtool", "iptables", "socat"),
        groups=("kubernetes-node",),
        backup=("etc/kubernetes/kubelet.env",),
    ),
    PackageRecipe(
        "kubectl",
        _K8S,
        "A command line tool for communicating with a Kubernetes API server",
        ("kubernetes/kubectl",),
        groups=("kubernetes-tools",),
    ),
    PackageRecipe(
        "containerd",
        "2.2.1",
        "An open and reliable container runtime",
        tuple(f"containerd/{name}" for name in ("containerd", "containerd-shim-runc-v2", "ctr")),
        {"usr/lib/systemd/system/containerd.service": "containerd-files/containerd.service"},
        depends=("runc",),
    ),
    PackageRecipe(
        "cni-plugins",
        "1.9.0",
        "Some standard networking plugins for the Container Network Interface",
        files={f"{folder}/{name}": f"cni-plugins/{name}" for name in _CNI for folder in ("opt/cni/bin", "usr/lib/cni")},
    ),
    PackageRecipe("helm", "3.19.4", "The package manager for Kubernetes", ("helm/helm",)),
    PackageRecipe("hubble", "1.18.4", "Observability for Kubernetes with eBPF", ("cilium/hubble",)),
    PackageRecipe(
        "runc", "=runc", "CLI for managing OCI containers", (f"{_NODE}/sbin/runc",), depends=("debian-libs",)
    ),
    PackageRecipe(
        "keepalived",
        "=keepalived",
        "Failover and monitoring daemon",
        (f"{_NODE}/sbin/keepalived",),
        {"usr/lib/systemd/system/keepalived.service": f"{_NODE}/lib/systemd/system/keepalived.service"},
        folders={"etc/keepalived": 0o755},
        depends=("debian-libs",),
    ),
    PackageRecipe(
        "conntrack-tools",
        "=conntrack",
        "Userspace tools to interact with the Netfilter connection tracking system",
        (f"{_NODE}/sbin/conntrack",),
        depends=("debian-libs",),
    ),
    PackageRecipe(
        "ethtool",
        "=ethtool",
        "Utility for controlling network drivers",
        (f"{_NODE}/sbin/ethtool",),
        depends=("debian-libs",),
    ),
    PackageRecipe("socat", "=socat", "Multipurpose relay", (f"{_NODE}/bin/socat",), depends=("debian-libs",)),
    PackageRecipe(
        "smartmontools",
        "=smartmontools",
        "Control and monitor the health records of disks",
        (f"{_NODE}/sbin/smartctl", f"{_NODE}/sbin/smartd"),
        {f"usr/{path}": f"{_NODE}/{path}" for path in _SMART_FILES},
        depends=("debian-libs",),
        backup=("etc/smartd.conf",),
    ),
)
