"""Receipts: what a phase leaves behind when it succeeded, on the nodes and in the cluster.

They only speed up a look: a node is hashed anew each time, and what the API shows counts for more than its receipts.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from blackstart.engine.carrier import send
from blackstart.engine.kube import Kube
from blackstart.errors import BlackstartError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from blackstart.engine.ssh import Fleet
    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import Observed
    from blackstart.step import Play, Step

CONFIG_MAP = ("kube-system", "blackstart-receipts")
# An API server blinks while etcd takes a new member in.
ATTEMPTS = 5
PAUSE = 2.0  # seconds


def write_receipts(
    fleet: Fleet,
    desired: Cluster,
    observed: Observed,
    phases: Sequence[Step],
    plays: Sequence[Play],
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Write the receipts of phases that were just applied by plays (in the same order).

    A node-local phase leaves one on each node of its play, one round trip per node for all; any other one in the
    ConfigMap kube-system/blackstart-receipts. observed is the look that the plays were made from: its inputs count.
    Raises what the first node that failed raised, or UnreachableError when no API server takes it.
    """
    applied = list(zip(phases, plays, strict=True))
    if local := by_node(applied, desired, observed):
        answers = fleet.everywhere(lambda node: send(fleet, node, "receipts", {"receipts": local[node]}), local)
        for answer in answers.values():
            if isinstance(answer, BlackstartError):
                raise answer
    for phase, play in applied:
        if phase.receipt:
            # Before the first control plane there was no API to see; its play's own node has one now.
            node = (*observed.with_api, *play.limit, *desired.node_names)[0]
            kube = Kube(fleet, node, str(desired.node(node).ansible_host), desired.endpoint.port)
            _persist(kube, phase.name, observed.inputs[phase.name, ""], sleep)


def by_node(
    applied: Sequence[tuple[Step, Play]], desired: Cluster, observed: Observed
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return by node and phase what its receipt is to hold. Pure."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for phase, play in applied:
        for node in (play.limit or desired.node_names) if phase.watch else ():
            assert phase.watch is not None  # noqa: S101 - asked above
            found.setdefault(node, {})[phase.name] = {
                "inputs": observed.inputs[phase.name, node],
                "files": list(phase.watch.files),
                "packages": list(phase.watch.packages),
                "units": list(phase.watch.units),
            }
    return found


def _persist(kube: Kube, phase: str, inputs: str, sleep: Callable[[float], None]) -> None:
    namespace, name = CONFIG_MAP
    receipt = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"namespace": namespace, "name": name},
        "data": {phase: inputs},
    }
    for attempt in range(1, ATTEMPTS + 1):
        try:
            # Each phase is a field manager of its own, so the API merges the keys.
            kube.apply([receipt], manager=f"blackstart-{phase}")
        except UnreachableError:
            if attempt == ATTEMPTS:
                raise
            sleep(PAUSE)
        else:
            return
