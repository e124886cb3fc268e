"""Every node is rebuilt once, killed as each step begins; the same command goes on each time."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from blackstart import paths
from blackstart.verbs import AFTER, BEFORE
from tests.support.lab.cluster import etcd, ready, rebuild, systems
from tests.support.lab.harness import NODES, Lab, until
from tests.support.lab.watching import eyes, writer

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.lab, pytest.mark.long]

# What is applied, in order, for a node that is alive (an outage is for one that is not) in a cluster without Ceph.
BEFORE_UP = [step.name for step in BEFORE if step.name not in {"preconditions", "outage", "ceph_quiet"}]
# Steps of `up` that share one Ansible run begin together, so one of them stands for all.
STEPS = [*BEFORE_UP, "base_os", "members", *(step.name for step in AFTER if step.name != "ceph_back")]


@pytest.fixture(scope="module", autouse=True)
def _healthy(lab: Lab) -> None:
    done = lab.up()
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("node", NODES)
def test_it_is_killed_at_every_step_and_comes_to_its_end(
    lab: Lab, node: str, record_property: Callable[[str, object], None]
) -> None:
    neighbour, other = (name for name in NODES if name != node)
    before, members = systems(lab), etcd(lab, neighbour)
    with eyes(lab, neighbour, other) as looked, writer(lab, neighbour, "neighbour") as near:
        for step in STEPS:
            kill(lab, node, step)
        # Only when the last kill came before the order was closed is anything left to go on with.
        left = (paths.state("lab") / "installs" / node).exists()
        done = rebuild(lab, node, "--yes", node) if left else None
    record_property(node, f"{near[0].words()}; {looked.words()}")
    assert done is None or done.returncode == 0, done.stdout + done.stderr
    assert near[0].unexplained == 0, near[0].said
    assert {name: looked.broken(name) for name in (neighbour, other)} == {neighbour: [], other: []}
    after, there = systems(lab), etcd(lab, neighbour)
    assert {name for name in NODES if after[name] != before[name]} == {node}
    assert {name for name in NODES if there[name]["ID"] != members[name]["ID"]} == {node}
    until(lambda: ready(lab, neighbour) == set(NODES), 60, "all nodes are Ready")


def kill(lab: Lab, node: str, step: str) -> None:
    """Begin the rebuild, or go on with it by the same words, and kill it as this step begins."""
    running = lab.start(node, "--yes", node, verb="rebuild")

    def begun() -> bool:
        events = lab.events_since_start()
        return running.poll() is not None or any(e["kind"] == "phase_start" and e["phase"] == step for e in events)

    until(begun, 600, f"{step} begins")
    assert running.poll() is None, f"the run ended before {step} began: {running.communicate()[0]}"
    status, output = lab.end(running, signal.SIGKILL)
    assert status == -signal.SIGKILL, output
