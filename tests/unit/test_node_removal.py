"""Whether a node may leave, on clusters as they were seen; mostly it is casper-3 that goes."""

from __future__ import annotations

from typing import Any

import pytest

from blackstart.node.etcd.quorum import Member
from blackstart.node.kube.objects import CONTROL_PLANE
from blackstart.node.kube.removal import (
    OUT_OF_SERVICE,
    ClusterFacts,
    Plan,
    Wish,
    plan,
    without_taint,
)

NAMES = ("melchior-1", "balthasar-2", "casper-3")
WISH = Wish(name="casper-3", address="192.168.1.15", acting="melchior-1", known=NAMES)


def node(name: str, ready: str = "True", *, control_plane: bool = True) -> Any:
    labels = {CONTROL_PLANE: ""} if control_plane else {}
    return {
        "metadata": {"name": name, "labels": labels},
        "spec": {},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    }


def member(name: str, *, healthy: bool = True, learner: bool = False) -> Member:
    return Member(id=name[-1], name=name, learner=learner, healthy=healthy, address="")


def pod(name: str) -> Any:
    owners = [{"kind": "ReplicaSet", "controller": True}]
    return {"metadata": {"namespace": "shop", "name": name, "ownerReferences": owners}, "spec": {}}


def volume(where: str) -> Any:
    return {"metadata": {"name": "csi-1"}, "spec": {"nodeName": where, "source": {"persistentVolumeName": "pv-1"}}}


ALIVE = ClusterFacts(nodes=[node(name) for name in NAMES], members=[member(name) for name in NAMES], pods=[pod("web")])
DEAD = ALIVE._replace(
    nodes=[node("melchior-1"), node("balthasar-2"), node("casper-3", "Unknown")],
    members=[member("melchior-1"), member("balthasar-2"), member("casper-3", healthy=False)],
)


def test_a_living_node_is_drained_and_its_member_removed_by_id() -> None:
    assert plan(WISH, ALIVE) == Plan(member="3", node=True, drain=True, objections=[])


def test_a_dead_node_is_not_drained() -> None:
    assert plan(WISH._replace(dead=True), DEAD) == Plan(member="3", node=True, drain=False, objections=[])


@pytest.mark.parametrize(
    ("seen", "member_id", "has_node"),
    [
        (ALIVE._replace(members=ALIVE.members[:2]), "", True),
        (ALIVE._replace(nodes=ALIVE.nodes[:2]), "3", False),
        (ALIVE._replace(nodes=ALIVE.nodes[:2], members=ALIVE.members[:2]), "", False),
        # Its API server went with its member, so its kubelet is not Ready; nothing is left to move.
        (DEAD._replace(members=ALIVE.members[:2], pods=[]), "", True),
    ],
    ids=["member gone", "Node gone", "both gone", "member gone, kubelet silent"],
)
def test_a_removal_that_was_cut_off_goes_on(seen: ClusterFacts, member_id: str, has_node: bool) -> None:  # noqa: FBT001 - a case
    found = plan(WISH, seen)
    assert (found.member, found.node, found.objections) == (member_id, has_node, [])


@pytest.mark.parametrize(
    ("wish", "seen", "says"),
    [
        (WISH._replace(name="caspr-3"), ALIVE, ["no node 'caspr-3'; is casper-3 meant?"]),
        (WISH._replace(acting="casper-3"), ALIVE, ["would remove itself"]),
        (
            WISH,
            ALIVE._replace(nodes=[node("melchior-1"), node("balthasar-2", "False"), node("casper-3")]),
            ["balthasar-2, another control plane, is not Ready"],
        ),
        (
            WISH,
            ALIVE._replace(members=[member("melchior-1"), member("balthasar-2", healthy=False), member("casper-3")]),
            ["etcd member balthasar-2 (2) is not healthy"],
        ),
        (
            Wish("melchior-1", "", "melchior-1", NAMES),
            ClusterFacts(nodes=[node("melchior-1")], members=[member("melchior-1")]),
            ["would remove itself", "last voter"],
        ),
        (WISH, DEAD, ["not Ready, so its kubelet will not end the 1 pods to drain: shop/web"]),
        (WISH._replace(dead=True), ALIVE, ["its etcd answers", "its Node is Ready"]),
        (WISH._replace(dead=True, off=True), ALIVE, ["its etcd answers"]),
        (
            WISH._replace(dead=True),
            DEAD._replace(attachments=[volume("casper-3"), volume("melchior-1")]),
            ["attached to it (pv-1)"],
        ),
    ],
    ids=["misspelt", "itself", "node not Ready", "member sick", "the last", "cannot be drained", "not dead at all",
         "not off at all", "volumes"],
)  # fmt: skip
def test_every_objection_is_named(wish: Wish, seen: ClusterFacts, says: list[str]) -> None:
    found = plan(wish, seen).objections
    assert len(found) == len(says), found
    for text, words in zip(found, says, strict=True):
        assert words in text


def test_volumes_are_let_go_once_the_node_is_surely_off() -> None:
    seen = DEAD._replace(attachments=[volume("casper-3")])
    assert plan(WISH._replace(dead=True, off=True), seen).objections == []
    # It was just seen to go dark: the Node will be called Ready for a while.
    fresh = seen._replace(nodes=ALIVE.nodes)
    assert plan(WISH._replace(dead=True, off=True), fresh).objections == []


def test_a_worker_leaves_whatever_the_control_planes_do() -> None:
    nodes = [node("melchior-1", "False"), node("worker", control_plane=False)]
    found = plan(WISH._replace(name="worker"), ClusterFacts(nodes=nodes, members=ALIVE.members))
    assert found == Plan(member="", node=True, drain=True, objections=[])


def test_only_our_taint_is_replaced() -> None:
    other = {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}
    assert without_taint([other, {**OUT_OF_SERVICE, "timeAdded": "2026-11-26T10:00:00Z"}]) == [other]
