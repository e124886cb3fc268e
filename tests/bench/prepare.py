"""What a person would have written before a cold start by hand, taken from a cluster that blackstart made.

So both ways lead to the same configuration by construction. Nothing secret is collected: no key, token or kubeconfig.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

from tests.bench import lab

if TYPE_CHECKING:
    from pathlib import Path

FILES = (
    "etc/hosts",
    "etc/modules-load.d/90-kubernetes.conf",
    "etc/sysctl.d/90-kubernetes.conf",
    "etc/pacman.conf",
    "etc/pacman.d/mirrorlist",
    "etc/containerd/config.toml",
    "etc/crictl.yaml",
    "etc/kubernetes/kubelet.env",
    "etc/kubernetes/kubelet.conf.d/10-blackstart.conf",
    "etc/systemd/system/kubelet.service.d/10-blackstart.conf",
    "etc/systemd/logind.conf.d/50-blackstart.conf",
    "etc/keepalived/keepalived.conf",
    "usr/local/lib/blackstart/api-ready",
)
OVERLAY = "/var/lib/blackstart/argocd"
# Some are only there where the inventory or the kernel asks for them.
PACK = f"cd / && ls {shlex.join(FILES)} 2>/dev/null | tar -cf - -T -"
KUBECTL = "kubectl --kubeconfig=/etc/kubernetes/admin.conf"


def prepare(folder: Path) -> None:
    """Fill folder for by_hand.sh; the cluster in the lab must be healthy."""
    config = folder / "ssh_config"
    lab.write_ssh_config(config)
    (folder / "nodes").write_text("".join(f"{name} {address}\n" for name, address in lab.NODES.items()))
    for node in lab.NODES:
        _unpack(lab.ssh(config, node, PACK), folder / "files" / node)
    _unpack(lab.ssh(config, lab.FIRST, f"tar -C {OVERLAY} -cf - ."), folder / "argocd")

    manifest: dict[str, Any] = json.loads((lab.bundle() / "bundle.json").read_text())
    (folder / "images").write_text("".join(f"{image['file']}\n" for image in manifest["images"]))
    (folder / "chart").write_text(next(name for name in manifest["files"] if name.startswith("charts/cilium-")))

    cluster = _kubectl(config, "-n kube-system get configmap kubeadm-config -o jsonpath={.data.ClusterConfiguration}")
    kubelet = (folder / "files" / lab.FIRST / "etc/kubernetes/kubelet.conf.d/10-blackstart.conf").read_text()
    (folder / "cluster.yaml").write_text(f"{cluster}\n---\n{kubelet}")
    values = "helm --kubeconfig /etc/kubernetes/admin.conf get values cilium --namespace kube-system --output yaml"
    (folder / "values.yaml").write_bytes(lab.ssh(config, lab.FIRST, values))

    shutil.copyfile(lab.REPOSITORY / "inventory/lab/seed/beacons.yaml", folder / "seed.yaml")
    applications = json.loads(_kubectl(config, "-n argocd get applications -o json"))["items"]
    root = next(item for item in applications if item["metadata"]["name"] == "root")
    metadata = {key: root["metadata"][key] for key in ("name", "namespace")}
    manifest = {key: root[key] for key in ("apiVersion", "kind", "spec")} | {"metadata": metadata}
    (folder / "root.json").write_text(json.dumps(manifest))
    names = sorted(item["metadata"]["name"] for item in applications)
    (folder / "applications").write_text("".join(f"{name} Synced Healthy\n" for name in names))


def _kubectl(config: Path, words: str) -> str:
    return lab.ssh(config, lab.FIRST, f"{KUBECTL} {words}").decode()


def _unpack(archive: bytes, target: Path) -> None:
    target.mkdir(parents=True)
    argv = ["tar", "-C", str(target), "-xf", "-", "--no-same-owner"]
    subprocess.run(argv, input=archive, check=True)
