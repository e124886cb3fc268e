"""After every refusal: all members, Nodes and objects are where they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import EtcdMembers, Kubectl


def test_nothing_was_removed_or_cordoned(kubectl: Kubectl, etcd_members: EtcdMembers) -> None:
    nodes = {node["metadata"]["name"]: node for node in kubectl("nodes")["items"]}
    assert set(nodes) == {"melchior-1", "balthasar-2"}
    assert not any(node["spec"].get("unschedulable") for node in nodes.values())
    members = {member.get("name", ""): member.get("isLearner", False) for member in etcd_members()}
    assert members == {"melchior-1": False, "": True}


def test_the_canary_lives(kubectl: Kubectl) -> None:
    assert kubectl("configmap", "canary", "--namespace=default")["data"] == {"song": "tweet"}
    assert kubectl("pod", "waiting", "--namespace=default")["spec"]["nodeName"] == "balthasar-2"
