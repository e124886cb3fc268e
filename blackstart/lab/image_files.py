"""What lies where in each image, after the Dockerfiles that upstream keeps beside its sources.

Every filler takes the folders of its image's components by name and returns layers, the one that changes least first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from blackstart.lab.oci import Layer
from blackstart.lab.userland import Userland

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Folders: TypeAlias = Mapping[str, Path]
    Fill: TypeAlias = Callable[[Folders], list[Layer]]

# What scripts in images call: Cilium's init containers and plugin scripts, Argo CD's wrappers, git's own scripts.
_SHELL_PROGRAMS = (
    *("bash", "dash", "find", "grep", "mount", "nsenter", "sed", "sh", "umount"),
    *(
        "basename",
        "cat",
        "chmod",
        "chown",
        "cp",
        "cut",
        "date",
        "dirname",
        "echo",
        "env",
        "expr",
        "false",
        "head",
        "id",
    ),
    *("ln", "ls", "mkdir", "mktemp", "mv", "printf", "pwd", "readlink", "rm", "rmdir", "sleep", "sort", "stat", "tail"),
    *("tee", "test", "timeout", "touch", "tr", "true", "uname", "uniq", "wc"),
)
_IPTABLES = tuple(
    f"{family}-{kind}{verb}"
    for family in ("iptables", "ip6tables")
    for kind in ("nft", "legacy")
    for verb in ("", "-save", "-restore")
)
# No llc: the loader lets clang emit objects itself (cilium pkg/datapath/loader/compile.go, outputObject).
_CILIUM_PROGRAMS = ("clang-19", "bpftool", "ip", "tc", "ipset", "kmod", *_IPTABLES)
_ARGOCD_PROGRAMS = ("git", "tini", "gpg", "gpg-agent", "gpg-connect-agent", "gpgconf", "ssh", "ssh-keyscan")
_GIT_HELPERS = (
    *("git", "git-remote-http", "git-remote-https"),
    *("git-sh-i18n", "git-sh-i18n--envsubst", "git-sh-setup", "git-submodule"),
)
# Every name that Argo CD's one binary is called by (argo-cd's Dockerfile).
_ARGOCD_NAMES = (
    *("application-controller", "applicationset-controller", "cmp-server", "commit-server", "dex", "k8s-auth"),
    *("notifications", "repo-server", "server"),
)
_ARGOCD = 999
_ACCOUNTS = (("root", 0, "/root"), ("argocd", _ARGOCD, "/home/argocd"), ("nonroot", 65532, "/"))


def programs(component: str, folder: str, *names: str) -> Fill:
    """Fill an image with nothing but programs of one component in one folder; /home/gops is for gops' own files."""

    def fill(parts: Folders) -> list[Layer]:
        layer = _bare()
        for name in names:
            layer.file(f"{folder}/{name}", parts[component] / name)
        return [layer]

    return fill


def etcd(parts: Folders) -> list[Layer]:
    """Fill etcd's image: the server and its two tools."""
    layer = _bare()
    for name in ("etcd", "etcdctl", "etcdutl"):
        layer.file(f"usr/local/bin/{name}", parts[name] / name)
    return [layer]


def cilium(parts: Folders) -> list[Layer]:
    """Fill the agent's image: images/cilium/Dockerfile on images/runtime/Dockerfile, without Envoy and gops."""
    base = Userland(parts["userland"] / "tree")
    tools = Layer()
    base.copy(tools, _CILIUM_PROGRAMS, base.below("usr/lib/x86_64-linux-gnu/xtables", "*.so"))
    tools.link("usr/bin/clang", "clang-19")
    tools.link("usr/sbin/modprobe", "../bin/kmod")
    for program in _IPTABLES:
        if "-nft" in program:
            tools.link(f"usr/sbin/{program.replace('-nft', '')}", program)
    agent = Layer()
    for name in ("cilium-agent", "cilium-dbg", "cilium-health-responder", "cilium-mount", "cilium-sysctlfix"):
        agent.file(f"usr/bin/{name}", parts["cilium"] / name)
    agent.link("usr/bin/cilium", "cilium-dbg")
    agent.file("opt/cni/bin/cilium-cni", parts["cilium"] / "cilium-cni")
    agent.file("cni/loopback", parts["cni-plugins"] / "loopback")
    files = parts["cilium-files"]
    agent.file("init-container.sh", files / "images/cilium/init-container.sh")
    for script in ("install-plugin.sh", "cni-uninstall.sh"):
        agent.file(script, files / "plugins/cilium-cni" / script)
    for source in sorted((files / "bpf").rglob("*")):
        below = source.relative_to(files)
        if source.is_file() and below.parts[1] not in {"tests", "complexity-tests"}:
            agent.file(f"var/lib/cilium/{below}", source, 0o644)
    agent.folder("home/cilium")
    return [_shell(base), tools, agent]


def argocd(parts: Folders) -> list[Layer]:
    """Fill Argo CD's image: its Dockerfile, without the web pages and the tools that only plugins use."""
    base = Userland(parts["userland"] / "tree")
    tools = Layer()
    helpers = [f"usr/lib/git-core/{name}" for name in _GIT_HELPERS]
    base.copy(tools, _ARGOCD_PROGRAMS, [*helpers, *base.below("usr/share/git-core/templates")])
    tools.text("etc/ssl/certs/ca-certificates.crt", _authorities(base))
    program = Layer()
    for name in ("argocd", "helm", "kustomize"):
        program.file(f"usr/local/bin/{name}", parts[name] / name)
    for name in _ARGOCD_NAMES:
        program.link(f"usr/local/bin/argocd-{name}", "/usr/local/bin/argocd")
    files = parts["argocd-files"]
    for script in ("entrypoint.sh", "hack/git-verify-wrapper.sh", "hack/gpg-wrapper.sh"):
        program.file(f"usr/local/bin/{(files / script).name}", files / script)
    program.link("usr/local/bin/uid_entrypoint.sh", "/usr/local/bin/entrypoint.sh")
    program.text("app/config/ssh/ssh_known_hosts", "")
    program.link("etc/ssh/ssh_known_hosts", "/app/config/ssh/ssh_known_hosts")
    program.folder("app/config/tls")
    program.folder("app/config/gpg/source")
    program.folder("app/config/gpg/keys", 0o700, owner=(_ARGOCD, 0))
    program.folder("home/argocd", 0o775, owner=(_ARGOCD, 0))
    return [_shell(base), tools, program]


def redis(parts: Folders) -> list[Layer]:
    """Fill redis' image: the server and its client; it runs as Argo CD's user."""
    base = Userland(parts["userland"] / "tree")
    layer = Layer()
    base.copy(layer, ("redis-server", "redis-cli"))
    layer.folder("data", owner=(_ARGOCD, _ARGOCD))
    return [_shell(base), layer]


def _bare() -> Layer:
    layer = Layer()
    layer.text("etc/passwd", "".join(f"{name}:x:{uid}:{uid}::{home}:/bin/sh\n" for name, uid, home in _ACCOUNTS))
    layer.text("etc/group", "".join(f"{name}:x:{uid}:\n" for name, uid, _home in _ACCOUNTS))
    layer.text("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    layer.folder("home/gops", 0o777)
    layer.folder("tmp", 0o1777)
    return layer


def _shell(base: Userland) -> Layer:
    layer = _bare()
    for name in ("bin", "lib", "lib64", "sbin"):
        layer.link(name, f"usr/{name}")
    layer.folder("root", 0o700)
    layer.folder("run")
    base.copy(layer, _SHELL_PROGRAMS)
    return layer


def _authorities(base: Userland) -> str:
    # What the package's own update-ca-certificates does at install time: all of Mozilla's, one after another.
    return "".join((base.tree / path).read_text() for path in base.below("usr/share/ca-certificates/mozilla", "*.crt"))
