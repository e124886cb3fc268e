"""Without Ceph nothing is done; with a Ceph that nobody can ask, the host must not stop."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Refused
    from testinfra.host import Host

KUBECTL = "kubectl --kubeconfig=/etc/kubernetes/admin.conf"
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "cephclusters.ceph.rook.io"},
    "spec": {
        "group": "ceph.rook.io",
        "scope": "Namespaced",
        "names": {"kind": "CephCluster", "plural": "cephclusters", "singular": "cephcluster"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}
NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "rook-ceph"}}
CLUSTER = {"apiVersion": "ceph.rook.io/v1", "kind": "CephCluster", "metadata": {"name": "c", "namespace": "rook-ceph"}}


@pytest.fixture
def half_a_ceph(host: Host) -> Iterator[None]:
    """Give the cluster a CephCluster without a pod, and take it away again."""
    for objects in ([CRD, NAMESPACE], [CLUSTER]):
        document = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        host.check_output(f"echo '{document}' | {KUBECTL} apply --filename=-")
        host.check_output(f"{KUBECTL} wait --for=condition=Established --timeout=30s crd/cephclusters.ceph.rook.io")
    yield
    host.check_output(f"{KUBECTL} delete crd/cephclusters.ceph.rook.io namespace/rook-ceph --timeout=60s")


def test_nothing_was_changed() -> None:
    runs = [
        json.loads(line)
        for line in Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], "results.jsonl").read_text().splitlines()
    ]
    tasks = [task for run in runs for task in run["tasks"] if task["role"] == "ceph_quiet"]
    assert {task["status"] for task in tasks} == {"ok"}
    assert any(task["task"] == "Ensure the host's Ceph daemons are ready to stop, or back" for task in tasks)


@pytest.mark.usefixtures("half_a_ceph")
def test_a_ceph_that_nobody_can_ask_is_no_reason_to_go_on(refused: Refused) -> None:
    refused("ceph_quiet", "there is a CephCluster in rook-ceph, and neither its toolbox")
    elsewhere = "there is a CephCluster in rook-ceph, and none in elsewhere (ceph_quiet_namespace)"
    refused("ceph_quiet", elsewhere, ceph_quiet_namespace="elsewhere")


def test_a_node_must_be_named(refused: Refused) -> None:
    refused("ceph_quiet", "wanted: the Kubernetes name of a node, and seconds", ceph_quiet_timeout=0)
