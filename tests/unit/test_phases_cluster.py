"""What the cluster-level phases decide, on observations that each have one thing wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from blackstart.errors import RefusedError, UnreachableError
from blackstart.phases import argocd, cilium, control_plane, members, revive, root_application, seed
from blackstart.probe.observed import BrokenPod, Observed, Workload
from blackstart.verbs import UP
from tests.support.facts import (
    BOOTED,
    DESIRED,
    EMPTY,
    HEALTHY,
    NAMES,
    PHASES,
    ROOT,
    WORKLOADS,
    broken,
    etcd,
    member,
    texts,
    with_api,
    with_node,
)

# The steps of the cluster, in their order.
ALL = UP[UP.index(control_plane.PHASE) :]


def without(observed: Observed, *names: str) -> Observed:
    return with_api(observed, workloads=tuple(w for w in observed.api.workloads if w.name not in names))


@pytest.mark.parametrize("phase", ALL, ids=lambda phase: phase.name)
def test_a_healthy_cluster_gives_no_reason_and_every_gate_is_open(phase: Any) -> None:
    assert phase.reasons(DESIRED, HEALTHY) == []
    look = phase.gate(DESIRED, HEALTHY)
    assert look.open, look.seen


@pytest.mark.parametrize("phase", ALL, ids=lambda phase: phase.name)
def test_no_gate_is_open_on_empty_nodes(phase: Any) -> None:
    assert phase.name in {"revive", "reboot"} or not phase.gate(DESIRED, EMPTY).open


def test_empty_nodes_get_one_init_and_two_joins() -> None:
    assert [r.node for r in control_plane.PHASE.reasons(DESIRED, EMPTY)] == ["melchior-1"]
    assert control_plane.PHASE.play(DESIRED, EMPTY).limit == ("melchior-1",)
    assert [r.node for r in members.PHASE.reasons(DESIRED, EMPTY)] == ["balthasar-2", "casper-3"]


def test_init_is_never_run_while_a_node_could_hold_the_cluster() -> None:
    dark = with_node(EMPTY, "casper-3", reachable=False, error="no route to host")
    with pytest.raises(UnreachableError, match="casper-3: no route to host"):
        control_plane.PHASE.reasons(DESIRED, dark)


def test_init_goes_on_where_it_was_begun() -> None:
    begun = with_node(EMPTY, "balthasar-2", has_etcd_data=True)
    assert "did not finish" in texts(control_plane.PHASE, begun)
    assert control_plane.PHASE.play(DESIRED, begun).limit == ("balthasar-2",)
    assert [r.node for r in members.PHASE.reasons(DESIRED, begun)] == ["melchior-1", "casper-3"]


def test_what_is_left_of_a_larger_cluster_is_never_initialised() -> None:
    left = with_node(EMPTY, "casper-3", has_etcd_data=True, etcd=etcd())
    with pytest.raises(RefusedError, match="lists 3 members"):
        control_plane.PHASE.reasons(DESIRED, left)


def test_members_without_an_api_are_awaited_and_not_initialised() -> None:
    booting = Observed(nodes={name: replace(member(name), api_ready=False, api_error="refused") for name in NAMES})
    assert control_plane.PHASE.reasons(DESIRED, booting) == []
    assert "refused" in control_plane.PHASE.gate(DESIRED, booting).seen
    for phase in (cilium.PHASE, seed.PHASE, argocd.PHASE, revive.PHASE, root_application.PHASE):
        assert "no API answers yet" in texts(phase, booting)
    with pytest.raises(UnreachableError, match="melchior-1: refused"):
        cilium.PHASE.play(DESIRED, booting)


def test_a_lost_cni_file_restarts_that_agent_only() -> None:
    lost = with_node(HEALTHY, "casper-3", cni_files=("10-other.conflist",))
    assert "05-cilium.conflist is missing" in texts(cilium.PHASE, lost)
    play = cilium.PHASE.play(DESIRED, lost)
    variables = play.variables
    assert variables["cilium_restart_agents"] == ["casper-3"]
    assert variables["cilium_canary_nodes"] == list(NAMES)
    assert variables["cilium_force"] is False
    assert [entry.what for entry in play.healed] == ["Cilium agent of casper-3"]
    assert "casper-3: 05-cilium.conflist is not there" in cilium.PHASE.gate(DESIRED, lost).seen


def test_a_node_that_has_just_started_is_given_time_to_write_its_cni_file() -> None:
    """Rebuilt under its old name: the API still says that the agent of before is ready."""
    fresh = with_node(HEALTHY, "casper-3", cni_files=(), uptime=40.0)
    assert texts(cilium.PHASE, fresh) == ""
    assert not cilium.PHASE.gate(DESIRED, fresh).open


def test_a_deleted_daemonset_is_applied_again_and_proven() -> None:
    gone = with_api(without(HEALTHY, "cilium"), cilium_agents={})
    assert "DaemonSet is not there" in texts(cilium.PHASE, gone)
    play = cilium.PHASE.play(DESIRED, gone)
    variables = play.variables
    assert variables["cilium_force"] is True
    assert variables["cilium_canary_nodes"] == list(NAMES)
    assert play.healed


def test_a_first_install_waits_for_no_fresh_pod() -> None:
    fresh = with_node(EMPTY, "melchior-1", is_member=True, has_etcd_data=True, api_ready=True)
    fresh = with_api(fresh, reachable=True)
    play = cilium.PHASE.play(DESIRED, fresh)
    assert play.variables["cilium_canary_nodes"] == []
    assert play.healed == ()
    assert play.variables["cilium_hold_argocd"] is False


@pytest.mark.parametrize(
    ("pod", "node"),
    [
        (broken(namespace="kube-system", name="cilium-x7k2p", reason="CrashLoopBackOff"), "casper-3"),
        (broken(reason="ContainerCreating", message="plugin type cilium-cni failed (add)", since=90), "casper-3"),
        (broken(namespace="kube-system", name="cilium-x7k2p", reason="PodInitializing"), ""),
        (broken(namespace="kube-system", name="cilium-x7k2p", reason="CrashLoopBackOff", since=20), ""),
        (broken(reason="CrashLoopBackOff"), ""),
    ],
    ids=["agent crashes", "sandbox fails", "agent starts", "agent just crashed", "application crashes"],
)
def test_an_agent_is_made_anew_for_its_own_faults_only(pod: BrokenPod, node: str) -> None:
    seen = with_api(HEALTHY, broken_pods=(pod,))
    assert [reason.node for reason in cilium.PHASE.reasons(DESIRED, seen)] == ([node] if node else [])


def test_the_network_is_repaired_without_the_dark_node() -> None:
    dark = with_node(HEALTHY, "balthasar-2", reachable=False, api_ready=False, is_member=False)
    assert cilium.PHASE.gate(DESIRED, dark).open


def test_cilium_is_refused_beside_kube_proxy() -> None:
    with pytest.raises(RefusedError, match="kube-proxy"):
        cilium.PHASE.reasons(DESIRED, with_api(HEALTHY, kube_proxy=True))


def test_an_application_left_held_is_a_reason_to_let_go() -> None:
    held = with_api(HEALTHY, applications=(replace(ROOT, held=True),))
    assert "left Argo CD paused for root" in texts(cilium.PHASE, held)
    assert not root_application.PHASE.gate(DESIRED, held).open


@pytest.mark.parametrize("phase", [cilium.PHASE, seed.PHASE, argocd.PHASE, root_application.PHASE])
def test_changed_inputs_apply_a_phase_again(phase: Any) -> None:
    changed = replace(HEALTHY, inputs={(name, ""): "tomorrow" for name in PHASES})
    assert "changed since it was applied" in texts(phase, changed)


def test_an_argocd_part_that_is_missing_or_not_ready_is_named() -> None:
    assert "lacks its argocd-redis" in texts(argocd.PHASE, without(HEALTHY, "argocd-redis"))
    workloads = (*WORKLOADS[:-1], Workload("Deployment", "argocd", "argocd-server", 1, 0, 1))
    look = argocd.PHASE.gate(DESIRED, with_api(HEALTHY, workloads=workloads))
    assert not look.open
    assert look.seen == "argocd-server: 0 of 1 ready"
    assert look.enough, "applications are compared and synced without the page for people"
    assert not argocd.PHASE.gate(DESIRED, without(HEALTHY, "argocd-repo-server")).enough


def test_what_is_scaled_to_nothing_is_ready() -> None:
    workloads = (*WORKLOADS, Workload("Deployment", "argocd", "argocd-dex-server", 0, 0, 0))
    assert argocd.PHASE.gate(DESIRED, with_api(HEALTHY, workloads=workloads)).open


def test_a_refused_kind_has_the_seed_applied_again() -> None:
    message = "one or more synchronization tasks are not valid. Retrying attempt #2 at 3:04PM."
    waiting = ('Beacon platform: Beacon.lab.home "" not found',)
    refused = replace(ROOT, sync="OutOfSync", phase="Running", message=message, waiting_on=waiting)
    seen = with_api(HEALTHY, applications=(refused,))
    assert "does not know the kind Beacon" in texts(seed.PHASE, seen)


def test_a_status_of_the_day_before_is_refreshed_and_not_believed() -> None:
    old = with_api(HEALTHY, applications=(replace(ROOT, reconciled_at="2025-01-01T00:00:00Z"),))
    assert "older than the last start" in texts(root_application.PHASE, old)
    assert root_application.PHASE.play(DESIRED, old).variables["root_application_refresh"] == ["root"]
    assert not root_application.PHASE.gate(DESIRED, old).open


def test_one_machine_s_reboot_makes_no_status_old() -> None:
    app = replace(ROOT, reconciled_at="2026-02-20T12:00:00Z")
    seen = with_api(HEALTHY, applications=(app,))
    for number, name in enumerate(NAMES):
        seen = with_node(seen, name, booted=1771588000.0 + 1000 * number)
    assert "older than" not in texts(root_application.PHASE, seen)
    everywhere = with_node(seen, NAMES[0], booted=1771588900.0)
    assert "older than the last start" in texts(root_application.PHASE, everywhere)


def test_a_sync_that_argo_gave_up_on_is_started_again() -> None:
    failed = with_api(HEALTHY, applications=(replace(ROOT, phase="Failed", message="one or more objects failed"),))
    assert root_application.PHASE.play(DESIRED, failed).variables["root_application_resync"] == ["root"]


@pytest.mark.parametrize(
    ("pod", "words"),
    [
        (broken(phase="Failed", reason="Terminated"), "Failed (Terminated)"),
        (broken(phase="Unknown", reason="Unknown"), "Unknown since"),
        (broken(reason="CreateContainerError", message="name is reserved"), "CreateContainerError for 300 s"),
        (broken(reason="Init:CrashLoopBackOff", since=25), "init container fails"),
        (broken(reason="ContainerCreating"), "sandbox has been stuck"),
    ],
    ids=["shut down", "unknown", "create error", "init fails", "sandbox"],
)
def test_what_never_heals_by_itself_is_made_anew(pod: BrokenPod, words: str) -> None:
    seen = with_api(HEALTHY, broken_pods=(pod,))
    assert words in texts(revive.PHASE, seen)
    play = revive.PHASE.play(DESIRED, seen)
    assert play.variables["revive_pods"] == [{"namespace": "web", "name": "web-7d4b9-abcde"}]
    assert play.healed[0].what == "pod web/web-7d4b9-abcde"
    assert not revive.PHASE.gate(DESIRED, seen).open


@pytest.mark.parametrize(
    "pod",
    [
        broken(reason="ContainerCreating", since=30),
        broken(reason="CrashLoopBackOff"),
        broken(reason="Init:CrashLoopBackOff", created=BOOTED + 60),
        broken(reason="Init:Error", since=5),
        broken(reason="ImagePullBackOff"),
        broken(reason="CreateContainerConfigError"),
        broken(phase="Failed", reason="Terminated", controller=""),
        broken(phase="Failed", reason="Error", controller="Job"),
        broken(phase="Unknown", reason="Unknown", controller="Node"),
    ],
    ids=["starts", "crashes", "new pod", "failed once", "no image", "no secret", "stands alone", "job", "mirror"],
)
def test_what_may_heal_or_is_somebodys_own_is_left_alone(pod: BrokenPod) -> None:
    assert revive.PHASE.reasons(DESIRED, with_api(HEALTHY, broken_pods=(pod,))) == []
