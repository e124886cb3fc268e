"""A cluster of three as it is desired, and what is observed of it: healthy, empty, or changed in one thing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from blackstart.lab.build import VERSIONS
from blackstart.model.cluster import Arch, Cluster, Disk, Disks, Endpoint, Gitops, Network, Nic, Node, Time, Versions
from blackstart.phases import argocd, cilium
from blackstart.probe.observed import (
    ApiFacts,
    Application,
    BrokenPod,
    EtcdMember,
    KubeNode,
    NodeFacts,
    Observed,
    Workload,
)

NAMES = ("melchior-1", "balthasar-2", "casper-3")
PHASES = ("cilium", "seed", "argocd", "root_application")
BOOTED = 1_760_000_000.0  # 2025-10-09T08:53:20Z
GIT = "git://10.0.0.2/homelab.git"
NODES: dict[str, Any] = {"nodes": "10.0.0.0/24", "pods": "10.44.0.0/16", "services": "10.45.0.0/16"}
DESIRED = Cluster(
    name="lab",
    id=1,
    nodes=tuple(
        Node(
            name=name,
            ansible_host=f"10.0.0.{13 + number}",
            disks=Disks(boot=Disk(id="boot", size_gb=1)),
            nic_lan=Nic(name="eth0"),
            ram_gib=8,
        )
        for number, name in enumerate(NAMES)
    ),
    versions=Versions(**VERSIONS),
    network=Network(**NODES),
    endpoint=Endpoint(name="k8s-api.lab.home", address="10.0.0.20"),
    arch=Arch(mirror="http://mirror", snapshot="2026/02/20"),
    time=Time(),
    gitops=Gitops(repository="git://10.0.0.2/x.git", revision="main", path="apps"),
    bundle_path=Path("/nowhere"),
)


def etcd(*learners: str, sick: str = "") -> tuple[EtcdMember, ...]:
    """Return etcd's members, one per node."""
    return tuple(
        EtcdMember(
            id=f"{number:x}", name=name, learner=name in learners, healthy=name != sick, address=f"10.0.0.{13 + number}"
        )
        for number, name in enumerate(NAMES)
    )


def member(name: str) -> NodeFacts:
    """Return the facts of a node that is well."""
    return NodeFacts(
        name=name,
        is_member=True,
        has_etcd_data=True,
        etcd=etcd(),
        api_ready=True,
        cni_files=(cilium.CONFLIST,),
        uptime=3600.0,
        booted=BOOTED,
    )


def app(name: str, *children: str, **changes: Any) -> Application:
    """Return an application as it is when all is well."""
    well = Application(
        name,
        "argocd",
        "Synced",
        "Healthy",
        "Succeeded",
        message="successfully synced (all tasks run)",
        revision="9b1c6d2",
        reconciled_at="2025-10-10T00:00:00Z",
        children=children,
        repository=GIT,
        path=f"cluster/platform/{name}",
    )
    return replace(well, **changes)


ROOT = app("root")
WORKLOADS = (
    Workload("DaemonSet", "kube-system", "cilium", 3, 3, 3),
    Workload("Deployment", "kube-system", "cilium-operator", 3, 3, 3),
    Workload("Deployment", "kube-system", "coredns", 2, 2, 2),
    Workload("Deployment", "kube-system", "hubble-relay", 1, 1, 1),
    *(Workload("Deployment", "argocd", name, 1, 1, 1) for name in argocd.PARTS),
)
HEALTHY = Observed(
    nodes={name: member(name) for name in NAMES},
    api=ApiFacts(
        reachable=True,
        via="melchior-1",
        nodes=tuple(KubeNode(name, ready=True, kubelet="v1.35.1") for name in NAMES),
        workloads=WORKLOADS,
        applications=(ROOT,),
        crds=frozenset({argocd.CRD}),
        receipts=dict.fromkeys(PHASES, "today"),
        cilium_agents=dict.fromkeys(NAMES, True),
    ),
    inputs={(phase, ""): "today" for phase in PHASES},
)
EMPTY = Observed(nodes={name: NodeFacts(name=name) for name in NAMES}, inputs=HEALTHY.inputs)


def with_node(observed: Observed, name: str, **changes: Any) -> Observed:
    """Change some facts of one node."""
    return replace(observed, nodes={**observed.nodes, name: replace(observed.nodes[name], **changes)})


def with_api(observed: Observed, **changes: Any) -> Observed:
    """Change some of what the API says."""
    return replace(observed, api=replace(observed.api, **changes))


def broken(**changes: Any) -> BrokenPod:
    """Return a pod that runs and is not ready, changed."""
    pod = BrokenPod(
        namespace="web",
        name="web-7d4b9-abcde",
        node="casper-3",
        phase="Running",
        reason="",
        message="",
        since=300.0,
        created=BOOTED - 86400,
        controller="ReplicaSet",
    )
    return replace(pod, **changes)


def texts(phase: Any, observed: Observed) -> str:
    """Return the reasons of a step, a line each."""
    return "\n".join(f"{reason.node}: {reason.text}" for reason in phase.reasons(DESIRED, observed))
