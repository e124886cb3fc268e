"""What the practice cluster says of itself: its systems, etcd's members, nodes that are Ready."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.support.lab.harness import NODES

if TYPE_CHECKING:
    import subprocess

    from tests.support.lab.harness import Lab

SYSTEM = "cat /etc/machine-id /etc/ssh/ssh_host_ed25519_key.pub"
CA = "--cacert=/etc/kubernetes/pki/etcd/ca.crt"
KEYS = ("--cert=/etc/kubernetes/pki/etcd/server.crt", "--key=/etc/kubernetes/pki/etcd/server.key")


def etcd(lab: Lab, node: str) -> dict[str, dict[str, Any]]:
    """Return etcd's members by name, as etcdctl in a member's own container lists them."""
    pod = f"etcd-{node}"
    words = ["exec", "-n", "kube-system", pod, "--", "etcdctl", CA, *KEYS, "member", "list", "-w", "json"]
    return {member["name"]: member for member in json.loads(lab.kubectl(*words, node=node))["members"]}


def systems(lab: Lab) -> dict[str, str]:
    """Return what tells each node's installation from any other."""
    return {name: lab.ssh(name, SYSTEM) for name in NODES}


def rebuild(lab: Lab, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `blackstart rebuild`, with nobody at the terminal."""
    return lab.verb("rebuild", *words, timeout=900)


def ready(lab: Lab, node: str) -> set[str]:
    """Return the nodes that are Ready and take pods."""
    found = set()
    for entry in lab.objects("nodes", node=node):
        states = {one["type"]: one["status"] for one in entry["status"]["conditions"]}
        if states["Ready"] == "True" and not entry["spec"].get("unschedulable"):
            found.add(entry["metadata"]["name"])
    return found
