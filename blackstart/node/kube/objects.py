"""Nodes and workloads, reduced to the fields of KubeNode and Workload."""

from __future__ import annotations

from typing import Any

CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
GPU = "amd.com/gpu"  # the resource of AMD's device plugin (k8s-device-plugin, one per GPU)
CORDONED = "blackstart.io/cordoned"  # the role node_drain writes the reason there
KUBE_PROXY = ("DaemonSet", "kube-system", "kube-proxy")


def condition(item: dict[str, Any], kind: str) -> bool:
    """Tell whether a condition of an object is true: whether a Node or a pod is Ready."""
    conditions = item.get("status", {}).get("conditions") or []
    return any(entry["type"] == kind and entry["status"] == "True" for entry in conditions)


def node(item: dict[str, Any]) -> dict[str, Any]:
    """Reduce a Node."""
    status = item.get("status", {})
    offered = status.get("allocatable", {})
    return {
        "name": item["metadata"]["name"],
        "ready": condition(item, "Ready"),
        "kubelet": status.get("nodeInfo", {}).get("kubeletVersion", ""),
        "unschedulable": bool(item.get("spec", {}).get("unschedulable")),
        "cordoned": item["metadata"].get("annotations", {}).get(CORDONED, ""),
        "control_plane": CONTROL_PLANE in item["metadata"].get("labels", {}),
        "memory_bytes": memory_bytes(offered.get("memory", "")),
        "gpus": int(offered.get(GPU, 0)),
    }


def memory_bytes(quantity: str) -> int:
    """Return an amount of memory as a kubelet writes it (24684084Ki, or plain bytes); 0 for another spelling."""
    number, factor = (quantity[:-2], 1024) if quantity.endswith("Ki") else (quantity, 1)
    return int(number) * factor if number.isdecimal() else 0


def workload(kind: str, item: dict[str, Any]) -> dict[str, Any]:
    """Reduce a Deployment, StatefulSet or DaemonSet; a status of an older spec counts nothing as ready."""
    spec, status = item.get("spec", {}), item.get("status", {})
    if kind == "DaemonSet":
        desired, ready = status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)
        updated = status.get("updatedNumberScheduled", 0)
    else:
        desired, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
        updated = status.get("updatedReplicas", 0)
    if spec.get("updateStrategy", {}).get("type") == "OnDelete":
        updated = ready  # who changes pods by hand decides when
    if status.get("observedGeneration", 0) < item["metadata"].get("generation", 0):
        # Its controller has not looked yet: before that a new DaemonSet wants 0 pods and has 0.
        desired, ready, updated = max(desired, 1), 0, 0
    return {
        "kind": kind,
        "namespace": item["metadata"]["namespace"],
        "name": item["metadata"]["name"],
        "desired": desired,
        "ready": ready,
        "updated": updated,
    }
