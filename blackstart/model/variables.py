"""The inventory's flat variables: which there are, which field of the cluster each fills, in which file each lives."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from blackstart.model import cluster, power
from blackstart.model.cluster import Cluster, Disk, Disks, Nic, Node, Strict

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo


class BundleAt(Strict):
    """The bundle's folder as the inventory gives it; Cluster has the resolved path."""

    path: str = ""


class Topic(NamedTuple):
    """One group of variables: their prefix, the model that takes them, its field in Cluster, and its file."""

    prefix: str
    model: type[BaseModel]
    field: str
    file: str


TOPICS = (
    Topic("version_", cluster.Versions, "versions", "versions"),
    Topic("network_", cluster.Network, "network", "network"),
    Topic("endpoint_", cluster.Endpoint, "endpoint", "endpoint"),
    Topic("arch_", cluster.Arch, "arch", "arch"),
    Topic("time_", cluster.Time, "time", "time"),
    Topic("gitops_", cluster.Gitops, "gitops", "gitops"),
    Topic("kubelet_", cluster.Kubelet, "kubelet", "kubelet"),
    Topic("containerd_", cluster.Containerd, "containerd", "containerd"),
    Topic("kubeadm_", cluster.Kubeadm, "kubeadm", "control_plane"),
    Topic("cilium_", cluster.Cilium, "cilium", "cilium"),
    Topic("argocd_", cluster.Argocd, "argocd", "gitops"),
    Topic("seed_", cluster.Seed, "seed", "seed"),
    Topic("gpu_", cluster.Gpu, "gpu", "gpu"),
    Topic("storage_", cluster.Storage, "storage", "storage"),
    Topic("netboot_", cluster.Netboot, "netboot", "netboot"),
)
# Fields of Cluster itself, with the prefix cluster_.
OWN = ("name", "id", "domain")
BUNDLE = "bundle_path"
BASE = "inventory_base"
# What only ssh and Ansible use; other connection settings would reach our plays but not our own look at the nodes.
CONNECTION = ("ansible_python_interpreter", "ansible_ssh_common_args", "ansible_ssh_extra_args")


class Variable(NamedTuple):
    """One variable of the cluster as a whole: the model's field that it fills and the file that it belongs in."""

    model: type[BaseModel]
    field: str
    file: str

    @property
    def info(self) -> FieldInfo:
        """The field's type, bounds and default."""
        return self.model.model_fields[self.field]


def of_cluster() -> dict[str, Variable]:
    """Return the variables that are the same for all nodes, by name."""
    found = {f"cluster_{field}": Variable(Cluster, field, "cluster") for field in OWN}
    for topic in TOPICS:
        found |= {topic.prefix + field: Variable(topic.model, field, topic.file) for field in topic.model.model_fields}
    return {**found, BUNDLE: Variable(BundleAt, "path", "bundle")}


def of_node() -> dict[str, Variable]:
    """Return the variables that each node has for itself, by name."""
    return {field: Variable(Node, field, "") for field in Node.model_fields if field != "name"}


def known() -> frozenset[str]:
    """Return the name of every variable that an inventory may set."""
    return frozenset([*of_cluster(), *of_node(), *CONNECTION, BASE])


def nested() -> frozenset[str]:
    """Return the names of the fields inside disks, network interfaces and power."""
    models: tuple[type[BaseModel], ...] = (Disk, Disks, Nic, *power.MODELS)
    return frozenset(field for model in models for field in model.model_fields)
