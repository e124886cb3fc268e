"""What the GPU memory phase decides: it warns, and keeps nothing dark."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from blackstart.cli import status
from blackstart.engine import status as state
from blackstart.node.gpu import sysfs
from blackstart.node.gpu.units import GpuFacts
from blackstart.phases import gpu_memory
from blackstart.probe.observed import ApiFacts, KubeNode, NodeFacts, Observed, Receipt
from blackstart.step import Look, Step
from tests.support.machines import grow

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster, Node

MACHINES = Path(__file__).parents[1] / "machines/gpu"
NAMES = ("melchior-1", "balthasar-2", "casper-3")
LAST = NAMES[-1]
PHASE = gpu_memory.PHASE
GIB = 1 << 30


def node(carve_out: int = 48) -> Node:
    return cast("Node", SimpleNamespace(ram_gib=96, gpu_carve_out_gib=carve_out, ansible_host="10.77.13.13"))


def desired(carve_out: int = 48, **gpu_fields: Any) -> Cluster:
    fields = {"gtt_gib": 0, "page_pool_gib": 0, "target": "gfx1150", "strict": False, **gpu_fields}
    return cast("Cluster", SimpleNamespace(gpu=SimpleNamespace(**fields), node=lambda _: node(carve_out)))


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, GpuFacts | None]:
    """Return what each recorded machine shows."""
    room = tmp_path_factory.mktemp("machines")
    return {
        path.stem: GpuFacts.of(sysfs.read(str(grow(json.loads(path.read_text()), room / path.stem))))
        for path in MACHINES.glob("*.json")
    }


def seen(every: GpuFacts | None, last: GpuFacts | None, api: ApiFacts | None = None) -> Observed:
    """Return three nodes with a GPU as `every`, the last one's as `last`."""
    facts = {
        name: NodeFacts(name, gpu=last if name == LAST else every, receipts={"gpu_memory": Receipt("today")})
        for name in NAMES
    }
    inputs = {("gpu_memory", name): "today" for name in NAMES}
    return Observed(facts, api or ApiFacts(), inputs)


def kube(**last: Any) -> ApiFacts:
    """Return an API whose nodes offer one GPU and 44 GiB each."""
    nodes = [KubeNode(name, ready=True, kubelet="v1.35.1", memory_bytes=44 * GIB, gpus=1) for name in NAMES]
    return ApiFacts(reachable=True, nodes=(*nodes[:2], replace(nodes[2], **last)))


def test_machines_as_wanted_are_told_in_one_breath(machines: dict[str, GpuFacts | None]) -> None:
    look = PHASE.gate(desired(), seen(machines["right"], machines["right"]))
    said = "melchior-1, balthasar-2, casper-3: 48 GiB of VRAM, 23.2 GiB of GTT (card1, gfx1150)"
    assert look == Look(open=True, seen=said)


def test_a_wrong_carve_out_is_a_warning_and_no_closed_gate(machines: dict[str, GpuFacts | None]) -> None:
    observed = seen(machines["right"], machines["uma_reset"])
    look = PHASE.gate(desired(), observed)
    assert look.open
    assert look.seen.endswith("casper-3: 0.5 GiB of VRAM, 46.8 GiB of GTT (card1, gfx1150)")
    assert look.warning.startswith("casper-3: firmware gives the GPU 0.5 GiB")
    assert PHASE.reasons(desired(), observed) == []


def test_strictness_closes_it_but_not_for_a_restart(machines: dict[str, GpuFacts | None]) -> None:
    assert not PHASE.gate(desired(strict=True), seen(machines["right"], machines["uma_reset"])).open
    look = PHASE.gate(desired(strict=True, gtt_gib=16), seen(machines["restart_due"], machines["restart_due"]))
    assert look.open
    assert "Restart the machine" in look.warning


def test_practice_nodes_have_no_gpu_and_no_warning(machines: dict[str, GpuFacts | None]) -> None:
    for machine in (None, machines["gtt_larger_than_vram"]):
        look = PHASE.gate(desired(carve_out=0, target=""), seen(machine, machine))
        assert look == Look(open=True, seen="melchior-1, balthasar-2, casper-3: no GPU")


def test_a_node_that_lost_its_gpu(machines: dict[str, GpuFacts | None]) -> None:
    look = PHASE.gate(desired(), seen(machines["right"], None))
    assert look.open
    assert look.warning.startswith("casper-3: no AMD GPU shows")


def test_a_node_out_of_sight_is_not_called_well(machines: dict[str, GpuFacts | None]) -> None:
    observed = seen(machines["right"], machines["right"])
    observed.nodes[LAST] = replace(observed.nodes[LAST], reachable=False, error="no route to host", gpu=None)
    look = PHASE.gate(desired(), observed)
    assert (look.open, look.warning) == (False, "")
    assert "casper-3: no route to host" in look.seen


def test_what_the_device_plugin_offers_is_words_only(machines: dict[str, GpuFacts | None]) -> None:
    look = PHASE.gate(desired(), seen(machines["right"], machines["right"], kube(gpus=0)))
    assert (
        "melchior-1, balthasar-2: 48 GiB of VRAM, 23.2 GiB of GTT (card1, gfx1150), 1 amd.com/gpu offered" in look.seen
    )
    assert "casper-3: 48 GiB of VRAM, 23.2 GiB of GTT (card1, gfx1150), no amd.com/gpu offered" in look.seen
    assert (look.open, look.warning) == (True, "")


def test_a_carve_out_that_the_kubelet_holds_back_once_more(machines: dict[str, GpuFacts | None]) -> None:
    observed = seen(machines["right"], machines["right"], kube(memory_bytes=2 * GIB))
    for name in NAMES:
        observed.nodes[name] = replace(observed.nodes[name], memory_bytes=50 * GIB)
    warning = PHASE.gate(desired(), observed).warning
    assert warning.startswith("casper-3: the kubelet offers 2 GiB of 50 GiB to pods")
    assert "lower systemReserved" in warning
    assert "melchior-1" not in warning


def test_a_restart_is_due_where_the_inventory_or_the_file_says_so(machines: dict[str, GpuFacts | None]) -> None:
    due, right = machines["restart_due"], machines["right"]
    assert due is not None
    assert right is not None
    assert "ttm.pages_limit is 6075000" in gpu_memory.reboot_due(node(), NodeFacts("a", gpu=due))
    assert gpu_memory.reboot_due(node(), NodeFacts("a", gpu=right)) == ""
    assert gpu_memory.reboot_due(node(), NodeFacts("a")) == ""
    # The machine of a practice node shows its own limit there, and none of the files that set it.
    host = replace(right, pages_limit=1, settings_changed=right.booted + 60)
    assert gpu_memory.reboot_due(node(carve_out=0), NodeFacts("a", gpu=host)) == ""
    assert gpu_memory.reboot_due(node(), NodeFacts("a", gpu=host)) != ""
    # An APU without a carve-out whose GTT is set.
    assert gpu_memory.reboot_due(node(carve_out=0), NodeFacts("a", gpu=due)) != ""


def test_firmware_alone_is_no_reason_to_restart(machines: dict[str, GpuFacts | None]) -> None:
    assert gpu_memory.reboot_due(node(), NodeFacts("a", gpu=machines["uma_reset"])) == ""


def test_status_shows_warnings_of_open_gates() -> None:
    class Warned(Step):
        name = "gpu_memory"

        def gate(self, *_: Any, **__: Any) -> Look:
            return Look(open=True, seen="", warning="a: first\nb: second")

        def reasons(self, *_: Any, **__: Any) -> list[Any]:
            return []

    cluster = cast("Cluster", SimpleNamespace(nodes=(SimpleNamespace(name=LAST),), node=lambda _: node()))
    shown = state.status(cluster, Observed({LAST: NodeFacts(LAST)}), (Warned(),))
    assert status.text(shown).splitlines()[-2:] == [
        "  warning: gpu_memory: a: first",
        "  warning: gpu_memory: b: second",
    ]
    assert shown.document()["warnings"] == [{"phase": "gpu_memory", "text": "a: first\nb: second"}]
