"""What the node-local phases decide, on three nodes of which one has one thing wrong."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from blackstart.errors import RefusedError
from blackstart.phases import api_endpoint, base_os, containerd, image_preload, kubernetes
from blackstart.probe.observed import NodeFacts, Observed, Receipt, Unit

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster
    from blackstart.phases.local import LocalPhase

NAMES = ("melchior-1", "balthasar-2", "casper-3")
LAST = NAMES[-1]
PHASES: tuple[LocalPhase, ...] = tuple(
    module.PHASE for module in (base_os, containerd, image_preload, kubernetes, api_endpoint)
)
IMAGES = frozenset({"registry.k8s.io/pause:3.10.1", "quay.io/cilium/cilium:v1.18.4"})
RUNS = Unit("active", "enabled")
WELL: dict[str, Any] = {
    "receipts": {phase.name: Receipt("today") for phase in PHASES},
    "units": {"containerd.service": RUNS, "keepalived.service": RUNS},
    "packages": dict.fromkeys(("kubelet", "kubeadm", "kubectl"), "1.35.1"),
    "images": IMAGES,
}


def desired(sync: str = "timesyncd") -> Cluster:
    """Return what these phases read of a cluster."""
    return cast(
        "Cluster",
        SimpleNamespace(
            versions=SimpleNamespace(kubelet="v1.35.1"),
            time=SimpleNamespace(sync=sync, max_skew_seconds=1.0),
            endpoint=SimpleNamespace(address="10.77.13.20"),
        ),
    )


def seen(every: dict[str, Any] | None = None, **last: Any) -> Observed:
    """Return three nodes that are well; `last` is what differs on the last one, `every` on all."""
    nodes = {name: NodeFacts(name=name, **{**WELL, **(every or {})}) for name in NAMES}
    nodes[LAST] = replace(nodes[LAST], **last)
    inputs = {(phase.name, name): "today" for phase in PHASES for name in NAMES}
    return Observed(nodes=nodes, inputs=inputs, wanted_images=IMAGES)


def reasons(phase: LocalPhase, observed: Observed) -> dict[str, str]:
    return {reason.node: reason.text for reason in phase.reasons(desired(), observed)}


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.name)
def test_well_nodes_ask_for_nothing(phase: LocalPhase) -> None:
    assert reasons(phase, seen()) == {}
    assert phase.gate(desired(), seen()).open


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.name)
@pytest.mark.parametrize(
    ("receipts", "said"),
    [
        ({}, "never finished"),
        ({"inputs": "yesterday"}, "changed since it was applied"),
        ({"inputs": "today", "drift": ("/etc/hosts",)}, "/etc/hosts"),
    ],
    ids=["no receipt", "other inputs", "drift"],
)
def test_a_receipt_that_does_not_hold_is_a_reason_there_and_only_there(
    phase: LocalPhase, receipts: dict[str, Any], said: str
) -> None:
    observed = seen(receipts={phase.name: Receipt(**receipts)} if receipts else {})
    found = reasons(phase, observed)
    assert found.keys() == {LAST}
    assert said in found[LAST]
    assert phase.play(desired(), observed).limit == (LAST,)
    assert phase.play(desired(), observed).playbook == phase.name


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.name)
def test_an_unreachable_node_is_no_reason_and_keeps_the_gate_shut_with_its_evidence(phase: LocalPhase) -> None:
    observed = seen(reachable=False, error="no route to host", receipts={}, clock=99.0)
    assert reasons(phase, observed) == {}
    look = phase.gate(desired(), observed)
    assert not look.open
    assert f"{LAST}: no route to host" in look.seen


def test_the_clocks_of_the_nodes_are_compared_with_each_other_and_not_with_ours() -> None:
    together = seen(every={"clock": 86400.0})
    assert base_os.PHASE.gate(desired(), together).open
    assert base_os.PHASE.gate(desired(), seen(clock=0.9)).open
    look = base_os.PHASE.gate(desired(), seen(every={"clock": 86400.0}, clock=86358.0))
    assert look.seen == f"2 of 3 nodes are well: {LAST}: its clock is -42.0 s off the others', allowed is 1 s"


def test_clocks_that_nobody_will_mend_are_refused_before_anything_is_dated() -> None:
    observed = seen(clock=42.0, receipts={})
    with pytest.raises(RefusedError, match=r"casper-3: its clock is \+42\.0 s"):
        base_os.PHASE.play(desired("none"), observed)
    # Where the phase sets up time sync it is the cure.
    assert base_os.PHASE.play(desired(), observed).limit == (LAST,)


@pytest.mark.parametrize(
    ("phase", "unit"),
    [(containerd.PHASE, "containerd.service"), (api_endpoint.PHASE, "keepalived.service")],
    ids=["containerd", "keepalived"],
)
def test_a_unit_that_does_not_run_keeps_the_gate_shut(phase: LocalPhase, unit: str) -> None:
    look = phase.gate(desired(), seen(units={unit: Unit("failed", "enabled")}))
    assert not look.open
    assert f"{LAST}: {unit} is failed" in look.seen
    assert f"{unit} is unknown" in phase.gate(desired(), seen(units={})).seen


def test_missing_images_are_a_reason_unless_they_are_being_imported() -> None:
    one = frozenset({"registry.k8s.io/pause:3.10.1"})
    assert "quay.io/cilium/cilium:v1.18.4" in reasons(image_preload.PHASE, seen(images=one))[LAST]
    importing = seen(images=one, units={image_preload.IMPORTER: Unit("active", "transient")})
    assert reasons(image_preload.PHASE, importing) == {}
    assert "1 of 2 images missing, importing" in image_preload.PHASE.gate(desired(), importing).seen
    assert "no import runs" in image_preload.PHASE.gate(desired(), seen(images=one)).seen


def test_tools_of_another_version_keep_the_gate_shut() -> None:
    packages = {**WELL["packages"], "kubelet": "1.36.0"}
    look = kubernetes.PHASE.gate(desired(), seen(packages=packages))
    assert look.seen.endswith(f"{LAST}: kubelet 1.36.0; wanted 1.35.1")
    del packages["kubelet"]
    assert "kubelet missing" in kubernetes.PHASE.gate(desired(), seen(packages=packages)).seen


def test_a_member_s_kubelet_must_run_and_another_s_need_not() -> None:
    assert kubernetes.PHASE.gate(desired(), seen()).open
    look = kubernetes.PHASE.gate(desired(), seen(is_member=True, units={"kubelet.service": Unit("failed", "enabled")}))
    assert not look.open
    assert "kubelet.service is failed" in look.seen


def test_the_address_needs_one_holder_once_an_api_is_ready() -> None:
    phase = api_endpoint.PHASE
    assert phase.gate(desired(), seen()).open
    assert "held by nobody" in phase.gate(desired(), seen(api_ready=True)).seen
    both = seen(every={"api_ready": True, "holds_endpoint": True, "endpoint_ready": True})
    assert "melchior-1 and balthasar-2 and casper-3" in phase.gate(desired(), both).seen
    deaf = seen(api_ready=True, holds_endpoint=True)
    assert phase.gate(desired(), deaf).seen == f"{LAST} holds 10.77.13.20, but no API answers there"
    well = seen(api_ready=True, holds_endpoint=True, endpoint_ready=True)
    assert phase.gate(desired(), well).open


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.name)
def test_nothing_that_changes_by_itself_is_watched(phase: LocalPhase) -> None:
    """Watch neither the kubelet, which kubeadm starts later, nor the importer, which ends."""
    assert not {"kubelet.service", image_preload.IMPORTER} & set(phase.watch.units)
    assert all(path.startswith(("/etc/", "/usr/local/lib/blackstart/")) for path in phase.watch.files)
