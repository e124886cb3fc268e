"""When a reboot is due, who goes when, and when nobody may: on observations that each have one thing wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from blackstart.errors import RefusedError
from blackstart.node import machine
from blackstart.node.kube import objects
from blackstart.phases import fresh_reboot, gpu_memory, reboot
from blackstart.probe.observed import KubeNode, NodeFacts, Observed
from tests.support.facts import DESIRED, EMPTY, HEALTHY, NAMES, etcd, texts, with_api, with_node

if TYPE_CHECKING:
    from pathlib import Path

OLD: dict[str, Any] = {"kernel": "6.18.1-arch1-1", "kernels": ("6.18.3-arch1-1",)}
WHY = "kernel 6.18.3-arch1-1 is installed, and 6.18.1-arch1-1 still runs without its modules"


def outdated(observed: Observed, *names: str) -> Observed:
    for name in names or NAMES:
        observed = with_node(observed, name, **OLD)
    return observed


def ready(observed: Observed, **changes: bool) -> Observed:
    nodes = (replace(node, ready=changes.get(node.name.replace("-", "_"), True)) for node in observed.api.nodes)
    return with_api(observed, nodes=tuple(nodes))


@pytest.mark.parametrize("phase", [reboot.PHASE, fresh_reboot.PHASE], ids=lambda phase: phase.name)
@pytest.mark.parametrize("observed", [HEALTHY, EMPTY], ids=["healthy", "empty"])
def test_nothing_is_due_of_itself(phase: Any, observed: Observed) -> None:
    assert phase.reasons(DESIRED, observed) == []
    assert phase.gate(DESIRED, observed).open


@pytest.mark.parametrize(
    ("kernel", "kernels", "due"),
    [
        ("6.18.1-arch1-1", ("6.18.3-arch1-1",), True),
        ("6.18.1-arch1-1", ("6.12.60-1-lts", "6.18.3-arch1-1"), True),
        ("6.18.3-arch1-1", ("6.18.3-arch1-1",), False),
        ("6.12.60-1-lts", ("6.12.60-1-lts", "6.18.3-arch1-1"), False),  # a person may run either
        ("6.1.0-40-amd64", (), False),  # a container, or a kernel that no package of Arch brought
    ],
)
def test_a_kernel_is_due_when_its_own_modules_are_gone(kernel: str, kernels: tuple[str, ...], *, due: bool) -> None:
    facts = NodeFacts(name="casper-3", kernel=kernel, kernels=kernels)
    assert bool(reboot.kernel_due(DESIRED.node("casper-3"), facts)) is due


def test_the_gpus_memory_is_another_reason() -> None:
    assert gpu_memory.reboot_due in reboot.CHECKS


def test_the_machine_finds_kernels_as_arch_installs_them(tmp_path: Path) -> None:
    for name in ("6.18.3-arch1-1", "6.12.60-1-lts"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pkgbase").write_text("linux\n")
    (tmp_path / "6.18.1-arch1-1" / "updates").mkdir(parents=True)  # what somebody's dkms left behind
    assert machine.kernels(str(tmp_path)) == ["6.12.60-1-lts", "6.18.3-arch1-1"]
    assert machine.kernels(str(tmp_path / "absent")) == []


def test_fresh_nodes_go_together_and_members_do_not_go_with_them() -> None:
    mixed = outdated(with_node(HEALTHY, "casper-3", is_member=False, has_etcd_data=False, api_ready=False, etcd=()))
    assert texts(fresh_reboot.PHASE, mixed) == f"casper-3: {WHY}"
    assert texts(reboot.PHASE, mixed) == f"melchior-1: {WHY}\nbalthasar-2: {WHY}"
    play = fresh_reboot.PHASE.play(DESIRED, outdated(EMPTY))
    assert play.limit == NAMES
    assert play.variables == {"reboot_fresh": list(NAMES)}
    assert not fresh_reboot.PHASE.gate(DESIRED, outdated(EMPTY)).open


def test_a_node_with_old_etcd_data_is_not_fresh() -> None:
    left = outdated(with_node(EMPTY, "casper-3", has_etcd_data=True), "casper-3")
    assert fresh_reboot.PHASE.reasons(DESIRED, left) == []


def test_members_go_one_after_the_other_with_the_holder_of_the_address_last() -> None:
    seen = with_node(outdated(HEALTHY), "melchior-1", holds_endpoint=True)
    play = reboot.PHASE.play(DESIRED, seen)
    assert play.limit == ("balthasar-2", "casper-3", "melchior-1")
    assert play.variables["reboot_members"] == ["balthasar-2", "casper-3", "melchior-1"]
    assert play.variables["reboot_due"] == list(NAMES)
    others = play.variables["reboot_others"]
    assert [other["name"] for other in others["melchior-1"]] == ["balthasar-2", "casper-3"]
    assert others["casper-3"][0] == {"name": "melchior-1", "address": "10.0.0.13"}


def test_only_who_is_due_goes() -> None:
    play = reboot.PHASE.play(DESIRED, outdated(HEALTHY, "casper-3"))
    assert play.limit == ("casper-3",)
    assert play.variables["reboot_due"] == ["casper-3"]


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        ({"reachable": False, "error": "no route to host", "is_member": False}, "melchior-1 does not answer"),
        ({"api_ready": False}, "the API server of melchior-1 is not ready"),
    ],
)
def test_nobody_goes_while_another_member_is_not_well(trouble: dict[str, Any], said: str) -> None:
    seen = with_node(outdated(HEALTHY, "casper-3"), "melchior-1", **trouble)
    with pytest.raises(RefusedError) as refused:
        reboot.PHASE.play(DESIRED, seen)
    assert said in refused.value.message
    assert "a reboot of casper-3 is due" in refused.value.message
    assert refused.value.hint


@pytest.mark.parametrize(
    ("members", "said"),
    [
        (etcd(sick="balthasar-2"), "etcd member balthasar-2 is not healthy"),
        (etcd("balthasar-2"), "etcd member balthasar-2 is a learner"),
        (etcd()[::2], "etcd does not list balthasar-2"),
    ],
)
def test_nobody_goes_while_etcd_needs_them(members: Any, said: str) -> None:
    seen = outdated(HEALTHY, "casper-3")
    for name in NAMES:
        seen = with_node(seen, name, etcd=members)
    with pytest.raises(RefusedError) as refused:
        reboot.PHASE.play(DESIRED, seen)
    assert said in refused.value.message


def test_etcds_trouble_is_named_although_no_api_server_is_ready() -> None:
    """Without a leader of etcd no API server is; the list of members needs no leader."""
    seen = outdated(HEALTHY, "casper-3")
    for name in NAMES:
        seen = with_node(seen, name, api_ready=False, etcd=etcd(sick="balthasar-2") if name == "melchior-1" else ())
    with pytest.raises(RefusedError, match="etcd member balthasar-2 is not healthy") as refused:
        reboot.PHASE.play(DESIRED, seen)
    assert "list" not in refused.value.message
    with pytest.raises(RefusedError, match="no other node's etcd says who its members are") as refused:
        reboot.PHASE.play(DESIRED, with_node(seen, "melchior-1", etcd=()))
    assert "votes" not in refused.value.message


def test_nobody_goes_while_another_node_is_not_ready_but_one_that_is_not_ready_may_go_itself() -> None:
    with pytest.raises(RefusedError, match="node melchior-1 is not Ready"):
        reboot.PHASE.play(DESIRED, ready(outdated(HEALTHY, "casper-3"), melchior_1=False))
    assert reboot.PHASE.play(DESIRED, ready(outdated(HEALTHY, "casper-3"), casper_3=False)).limit == ("casper-3",)


def test_of_two_members_neither_can_go_and_a_single_one_needs_nobody() -> None:
    two = Observed(nodes={n: HEALTHY.nodes[n] for n in NAMES[:2]}, api=HEALTHY.api)
    for name in NAMES[:2]:
        two = with_node(two, name, etcd=etcd()[:2])
    pair = DESIRED.model_copy(update={"nodes": DESIRED.nodes[:2]})
    with pytest.raises(RefusedError, match="etcd would have 1 of 2 votes"):
        reboot.PHASE.play(pair, outdated(two, NAMES[0]))
    one = Observed(nodes={NAMES[0]: replace(HEALTHY.nodes[NAMES[0]], etcd=etcd()[:1])}, api=HEALTHY.api)
    play = reboot.PHASE.play(DESIRED.model_copy(update={"nodes": DESIRED.nodes[:1]}), outdated(one, NAMES[0]))
    assert play.variables["reboot_others"] == {NAMES[0]: []}


def cordoned(text: str) -> Observed:
    nodes = (
        replace(node, unschedulable=node.name == "casper-3", cordoned=text if node.name == "casper-3" else "")
        for node in HEALTHY.api.nodes
    )
    return with_api(HEALTHY, nodes=tuple(nodes))


def test_a_cordon_that_a_run_left_behind_is_taken_back_without_a_reboot() -> None:
    seen = cordoned(reboot.CORDON)
    assert texts(reboot.PHASE, seen) == "casper-3: an interrupted run left it cordoned"
    play = reboot.PHASE.play(DESIRED, seen)
    assert (play.variables["reboot_members"], play.variables["reboot_due"]) == (["casper-3"], [])
    assert reboot.PHASE.gate(DESIRED, seen).seen == "casper-3: still cordoned"


@pytest.mark.parametrize("text", ["", "rebuilt by blackstart"], ids=["a person's", "of another verb"])
def test_another_ones_cordon_stays(text: str) -> None:
    assert reboot.PHASE.reasons(DESIRED, cordoned(text)) == []
    assert reboot.PHASE.gate(DESIRED, cordoned(text)).open


def test_the_api_tells_whose_cordon_it_is() -> None:
    item = {"metadata": {"name": "a", "annotations": {"blackstart.io/cordoned": reboot.CORDON}},
            "spec": {"unschedulable": True}}  # fmt: skip
    assert KubeNode(**objects.node(item)).cordoned == reboot.CORDON
    assert KubeNode(**objects.node({"metadata": {"name": "a"}})).cordoned == ""


def test_a_reboot_that_changed_nothing_keeps_the_gate_closed_and_says_why() -> None:
    look = reboot.PHASE.gate(DESIRED, outdated(HEALTHY, "casper-3"))
    assert not look.open
    assert look.seen == f"casper-3: {WHY}"
