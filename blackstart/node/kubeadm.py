"""Run kubeadm init or kubeadm join as a transient systemd unit, and go on with one that was cut off.

The unit outlives this module, the connection and the control machine: a later run waits for it. Nothing is
ever wiped. What an earlier attempt left is handled by ignoring exactly the preflight checks that it fails; kubeadm's
phases themselves can be repeated (certificates and kubeconfigs that are there are kept, a member that is already in
etcd's list is not added twice: cmd/kubeadm/app/phases/{certs,kubeconfig,etcd}, util/etcd/etcd.go at v1.35.1).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .command import run
from .kubectl import Kubectl
from .text import write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .module import Module

UNIT = "blackstart-kubeadm"
KUBERNETES = Path("/etc/kubernetes")
MANIFESTS = KUBERNETES / "manifests"
ETCD_DATA = Path("/var/lib/etcd")
RUN = Path("/run/blackstart")
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
POLL = 0.25  # seconds; a look at a unit costs a few milliseconds


def ignorable(action: str, port: int) -> list[str]:
    """Return the preflight checks that an earlier attempt on this node trips, by the names of preflight/checks.go."""
    names = [f"FileAvailable--etc-kubernetes-manifests-{component}.yaml" for component in COMPONENTS]
    # The API server, the scheduler, the controller manager, the kubelet, and etcd's two.
    names += [f"Port-{number}" for number in (port, 10259, 10257, 10250, 2379, 2380)]
    names.append("DirAvailable--var-lib-etcd")
    if action == "join":
        names += [f"FileAvailable--etc-kubernetes-{name}.conf" for name in ("kubelet", "bootstrap-kubelet")]
    return names


def skipped(action: str, *, bootstrapped: bool) -> list[str]:
    """Return the phases of a join that must not be repeated once the kubelet has its kubelet.conf.

    It gets that file from this node's own API server, which serves only when etcd here is a voter; so the node is in
    etcd's list, and kubelet-start would refuse a Node of this name that is Ready (cmd/phases/join/kubelet.go).
    """
    return ["kubelet-start", "etcd-join"] if action == "join" and bootstrapped else []


def arguments(action: str, files: Sequence[Path], ignore: Sequence[str], skip: Sequence[str]) -> list[str]:
    """Return the kubeadm command; files begins with the configuration."""
    words = ["kubeadm", action, f"--config={files[0]}"]
    if action == "init":
        words.append("--skip-token-print")
    if ignore:
        words.append(f"--ignore-preflight-errors={','.join(ignore)}")
    if skip:
        words.append(f"--skip-phases={','.join(skip)}")
    return words


def unit(words: Sequence[str], files: Sequence[Path], log: Path, timeout: int) -> list[str]:
    """Return the systemd-run command; the unit itself removes its files when it ends, however it ends."""
    properties = [
        f"StandardOutput=append:{log}",
        f"StandardError=append:{log}",
        f"RuntimeMaxSec={timeout}",
        f"ExecStopPost=/usr/bin/rm -f {' '.join(str(file) for file in files)}",
    ]
    return ["systemd-run", "--quiet", f"--unit={UNIT}", *(f"--property={p}" for p in properties), *words]


def _state() -> tuple[str, str]:
    """Return the unit's ActiveState and Result; a unit that succeeded is unloaded, and inactive."""
    text = run(["systemctl", "show", "--property=ActiveState,Result", f"{UNIT}.service"]).out
    found = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return found.get("ActiveState", ""), found.get("Result", "")


def _wait(timeout: int) -> bool:
    """Wait for a running unit to end; return whether it failed. systemd stops one that runs over its time."""
    end = time.monotonic() + timeout + 30
    while time.monotonic() < end:
        active, _ = _state()
        if active in {"inactive", "failed"}:
            return active == "failed"
        time.sleep(POLL)
    return True


def _tail(log: Path, lines: int = 15) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").strip().splitlines()[-lines:])
    except OSError as error:
        return str(error)


class Kubeadm:
    """One call of the module."""

    def __init__(self, module: Module) -> None:
        """Read the parameters."""
        self.module = module
        self.action: str = module.params["action"]
        self.server: str = module.params["server"]
        self.timeout: int = module.params["timeout"]
        self.port = int(self.server.rpartition(":")[2])
        self.log = RUN / f"kubeadm-{self.action}.log"

    def leftovers(self) -> bool:
        """Tell whether an earlier attempt of the same cluster left anything here; fails on another cluster's."""
        ca = KUBERNETES / "pki" / "ca.crt"
        begun = [MANIFESTS / f"{name}.yaml" for name in COMPONENTS]
        begun += [ETCD_DATA / "member", KUBERNETES / "kubelet.conf", KUBERNETES / "bootstrap-kubelet.conf"]
        if self.action == "init":
            return any(path.exists() for path in begun)
        if not ca.exists():
            # Then nothing here is provably of this cluster, and kubeadm's own checks are to refuse it.
            return False
        if ca.read_text().strip() != self.module.params["ca"].strip():
            self.module.fail_json(
                msg=f"{ca} is the CA of another cluster than the one to be joined; nothing was touched. "
                "Save what is in /etc/kubernetes/pki if it is still needed, and install the node anew"
            )
        return True

    def last_act(self) -> tuple[list[str], str]:
        """Return how to ask for the last thing that kubeadm makes, and what is said when it is there."""
        if self.action == "init":
            return [
                "get",
                "deployment",
                "coredns",
                "--namespace=kube-system",
                "--output=name",
            ], "deployment.apps/coredns"
        node = self.module.params["node"]
        label = "--selector=node-role.kubernetes.io/control-plane"
        return ["get", "node", label, f"--field-selector=metadata.name={node}", "--output=name"], f"node/{node}"

    def complete(self) -> bool:
        """Tell whether what was begun got to its end after all; waits for an API server that is starting."""
        if not all((MANIFESTS / f"{name}.yaml").exists() for name in COMPONENTS):
            return False
        kubectl = Kubectl(str(KUBERNETES / "admin.conf"), self.server)
        end = time.monotonic() + 45
        while time.monotonic() < end:
            if run(kubectl.words("get", "--raw=/readyz", "--request-timeout=3s")).status == 0:
                words, wanted = self.last_act()
                return wanted in run(kubectl.words(*words)).out.split()
            time.sleep(1)
        return False

    def apply(self) -> dict[str, Any]:
        """Do it; returns the module's result."""
        RUN.mkdir(mode=0o700, exist_ok=True)
        RUN.chmod(0o700)
        if _state()[0] not in {"inactive", "failed"} and not _wait(self.timeout):
            return {"changed": True, "msg": f"an earlier kubeadm {self.action} was still running and got to its end"}
        run(["systemctl", "reset-failed", f"{UNIT}.service"])
        resumed = self.leftovers()
        if resumed and self.complete():
            return {"changed": False, "msg": f"kubeadm {self.action} is complete"}
        files = [RUN / f"kubeadm-{self.action}.yaml"]
        write(files[0], self.module.params["configuration"])
        if self.module.params["discovery"]:
            files.append(RUN / "discovery.yaml")
            write(files[1], self.module.params["discovery"])
        write(self.log, "")
        skip = skipped(self.action, bootstrapped=(KUBERNETES / "kubelet.conf").exists() and resumed)
        words = arguments(self.action, files, ignorable(self.action, self.port) if resumed else [], skip)
        started = run(unit(words, files, self.log, self.timeout))
        if started.status != 0:
            for file in files:
                file.unlink()
            self.module.fail_json(msg=f"systemd would not start {UNIT}: {started.said()}")
        if _wait(self.timeout):
            how = _state()[1]
            self.module.fail_json(msg=f"kubeadm {self.action} failed ({how}); {self.log} ends with:\n{_tail(self.log)}")
        again = "was gone on with and " if resumed else ""
        return {"changed": True, "msg": f"kubeadm {self.action} {again}got through"}
