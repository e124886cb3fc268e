"""Who joins, through whom, and when nobody may: on observations that each have one thing wrong."""

from __future__ import annotations

import pytest

from blackstart.errors import RefusedError
from blackstart.phases import members
from blackstart.probe.observed import KUBEADM, EtcdMember, KubeNode, Unit
from tests.support.facts import DESIRED, HEALTHY, etcd, texts, with_api, with_node


def test_a_missing_node_joins_through_the_first_ready_api() -> None:
    lost = with_node(HEALTHY, "melchior-1", is_member=False, has_etcd_data=False, api_ready=False, etcd=())
    lost = with_node(lost, "balthasar-2", etcd=etcd()[1:])
    play = members.PHASE.play(DESIRED, lost)
    assert play.limit == ("melchior-1",)
    assert play.variables == {"joining_nodes": ["melchior-1"], "acting_node": "balthasar-2"}


def test_an_emptied_machine_is_not_joined_beside_its_old_member() -> None:
    erased = with_node(HEALTHY, "casper-3", is_member=False, has_etcd_data=False, api_ready=False, etcd=())
    with pytest.raises(RefusedError, match="nothing of it on the machine") as refused:
        members.PHASE.reasons(DESIRED, erased)
    assert "blackstart rebuild casper-3" in str(refused.value.hint)


def test_nobody_joins_while_another_member_is_unhealthy() -> None:
    lost = with_node(HEALTHY, "casper-3", is_member=False, api_ready=False)
    lost = with_node(lost, "melchior-1", etcd=etcd(sick="balthasar-2")[:2])
    with pytest.raises(RefusedError, match="balthasar-2 is not healthy"):
        members.PHASE.play(DESIRED, lost)


def test_a_stranger_that_learns_blocks_a_join() -> None:
    stranger = EtcdMember(id="f", name="", learner=True, healthy=False, address="10.0.0.99")
    lost = with_node(HEALTHY, "casper-3", is_member=False, api_ready=False)
    lost = with_node(lost, "melchior-1", etcd=(*etcd()[:2], stranger))
    with pytest.raises(RefusedError, match=r"10\.0\.0\.99"):
        members.PHASE.play(DESIRED, lost)


def test_a_learner_that_is_the_joining_node_is_gone_on_with() -> None:
    mine = EtcdMember(id="f", name="", learner=True, healthy=False, address="10.0.0.15")
    lost = with_node(HEALTHY, "casper-3", api_ready=False)
    lost = with_node(lost, "melchior-1", etcd=(*etcd()[:2], mine))
    assert "still a learner" in texts(members.PHASE, lost)
    assert members.PHASE.play(DESIRED, lost).limit == ("casper-3",)


def test_a_removed_member_is_refused() -> None:
    removed = with_node(HEALTHY, "melchior-1", etcd=etcd()[:2])
    with pytest.raises(RefusedError, match="casper-3 holds the files of a member"):
        members.PHASE.reasons(DESIRED, removed)


def test_a_member_that_is_joining_by_itself_is_not_taken_for_a_removed_one() -> None:
    """Its run was interrupted, and etcd's list is a moment older than the look at the node."""
    joining = with_node(HEALTHY, "melchior-1", etcd=etcd()[:2])
    joining = with_node(joining, "casper-3", units={KUBEADM: Unit("active", "transient")})
    assert texts(members.PHASE, joining) == "casper-3: its join is still running"
    assert "casper-3" in members.PHASE.play(DESIRED, joining).limit


def test_a_join_without_its_label_is_gone_on_with() -> None:
    nodes = (*HEALTHY.api.nodes[:2], KubeNode("casper-3", ready=True, kubelet="v1.35.1", control_plane=False))
    assert "label" in texts(members.PHASE, with_api(HEALTHY, nodes=nodes))


def test_the_members_gate_says_who_is_missing() -> None:
    learning = with_node(HEALTHY, "melchior-1", etcd=etcd("casper-3"))
    look = members.PHASE.gate(DESIRED, learning)
    assert not look.open
    assert look.seen == "2 of 3 nodes vote in etcd and serve the API: casper-3: etcd learner"
