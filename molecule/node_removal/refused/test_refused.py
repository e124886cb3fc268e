"""Every removal that must be refused, and after them all members, Nodes and objects where they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import EtcdMembers, Kubectl, Refused


@pytest.mark.parametrize(
    ("node", "variables", "reasons"),
    [
        (
            "melchior-1",
            {},
            [
                "melchior-1 is the last voter of etcd",
                "melchior-1 would remove itself",
                "balthasar-2, another control plane, is not Ready",
            ],
        ),
        ("balthasr-2", {}, ["no node 'balthasr-2'; is balthasar-2 meant?"]),
        ("balthasar-2", {}, ["its kubelet will not end the 1 pods to drain: default/waiting"]),
        ("balthasar-2", {"node_removal_dead": True}, ["volumes attached to it (pv-of-nobody)"]),
        ("balthasar-2", {"node_removal_surely_off": True}, ["a node that is off is dead as well"]),
    ],
    ids=["the last", "misspelt", "alive but silent", "volumes", "off but not dead"],
)
def test_it_is_refused(refused: Refused, node: str, variables: dict[str, object], reasons: list[str]) -> None:
    tasks = refused("node_removal", reasons[0], node_removal_node=node, **variables)
    assert all(reason in tasks[-1]["message"] for reason in reasons)


def test_nothing_was_removed_or_cordoned(kubectl: Kubectl, etcd_members: EtcdMembers) -> None:
    nodes = {node["metadata"]["name"]: node for node in kubectl("nodes")["items"]}
    assert set(nodes) == {"melchior-1", "balthasar-2"}
    assert not any(node["spec"].get("unschedulable") for node in nodes.values())
    members = {member.get("name", ""): member.get("isLearner", False) for member in etcd_members()}
    assert members == {"melchior-1": False, "": True}


def test_the_canary_lives(kubectl: Kubectl) -> None:
    assert kubectl("configmap", "canary", "--namespace=default")["data"] == {"song": "tweet"}
    assert kubectl("pod", "waiting", "--namespace=default")["spec"]["nodeName"] == "balthasar-2"
