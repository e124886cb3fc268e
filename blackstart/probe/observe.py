"""The whole look: a probe to every node at once, one to the API of a control plane, answers as Observed."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blackstart.errors import UnreachableError
from blackstart.probe.observed import (
    ApiFacts,
    Application,
    BrokenPod,
    EtcdMember,
    KubeNode,
    NodeFacts,
    Observed,
    Receipt,
    Unit,
    Workload,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from blackstart.engine.ssh import Fleet
    from blackstart.model.cluster import Cluster
    from blackstart.phases.base import Watch

FOLDERS = ("/", "/var/lib/containerd", "/var/lib/etcd")
PROBE_SECONDS = 30.0


def observe(
    fleet: Fleet,
    desired: Cluster,
    *,
    watch: Mapping[str, Watch],
    inputs: Mapping[tuple[str, str], str],
    wanted_images: frozenset[str] = frozenset(),
    via: str = "",
) -> Observed:
    """Look at every node and at the API; `via` is the node whose API answered last, asked in the same breath.

    Never raises for a node or an API that does not answer: that is what was seen.
    """
    nodes = desired.node_names
    with ThreadPoolExecutor(len(nodes) + 1) as pool:
        guess = pool.submit(_api, fleet, desired, via or nodes[0])
        facts = dict(zip(nodes, pool.map(lambda name: _node(fleet, desired, name, watch), nodes), strict=True))
        api = guess.result()
    if not api.reachable:
        for name in (name for name in nodes if facts[name].api_ready and name != (via or nodes[0])):
            other = _api(fleet, desired, name)
            if other.reachable:
                api = other
                break
    return Observed(facts, api, dict(inputs), wanted_images)


def _script(name: str) -> bytes:
    return Path(__file__).with_name(name).read_bytes()


def _ask(fleet: Fleet, name: str, script: str, wanted: dict[str, Any]) -> dict[str, Any]:
    argv = ["python3", "-I", "-", json.dumps(wanted)]
    result = fleet.run(name, argv, stdin=_script(script), timeout=PROBE_SECONDS)
    try:
        answer: dict[str, Any] = json.loads(result.out)
    except ValueError as error:
        last = (result.err or result.out).strip().splitlines()[-1:] or ["it printed nothing"]
        raise UnreachableError(f"the probe failed on {name}: {last[0]}", hint="python3 must run there") from error
    return answer


def _node(fleet: Fleet, desired: Cluster, name: str, watch: Mapping[str, Watch]) -> NodeFacts:
    address = str(desired.node(name).ansible_host)
    wanted = {
        "address": address,
        "endpoint": [str(desired.endpoint.address), desired.endpoint.port],
        "watch": {phase: asdict(entry) for phase, entry in watch.items()},
        "folders": FOLDERS,
    }
    before = time.time()
    try:
        answer = _ask(fleet, name, "node_probe.py", wanted)
    except UnreachableError as error:
        return NodeFacts(name, reachable=False, error=error.message)
    return node_facts(name, answer, (before + time.time()) / 2)


def node_facts(name: str, answer: dict[str, Any], middle: float) -> NodeFacts:
    """Read the node probe's answer; middle is our clock halfway through the round trip, in seconds (pure).

    The probe reads its clock early in the trip, so the difference is right to about half the trip, as in SNTP.
    """
    plain = dict(answer)
    return NodeFacts(
        name=name,
        clock=plain.pop("clock") - middle,
        units={unit: Unit(**state) for unit, state in plain.pop("units").items()},
        receipts={
            phase: Receipt(receipt["inputs"], tuple(receipt["drift"]))
            for phase, receipt in plain.pop("receipts").items()
        },
        images=frozenset(plain.pop("images")),
        etcd=tuple(EtcdMember(**member) for member in plain.pop("etcd")),
        cni_files=tuple(plain.pop("cni_files")),
        **plain,
    )


def _api(fleet: Fleet, desired: Cluster, name: str) -> ApiFacts:
    wanted = {"address": str(desired.node(name).ansible_host), "port": desired.endpoint.port}
    try:
        return api_facts(name, _ask(fleet, name, "api_probe.py", wanted))
    except UnreachableError as error:
        return ApiFacts(error=error.message)


def api_facts(via: str, answer: dict[str, Any]) -> ApiFacts:
    """Read the API probe's answer (pure)."""
    if not answer["reachable"]:
        return ApiFacts(via=via, error=answer["error"])
    plain = dict(answer)
    return ApiFacts(
        via=via,
        nodes=tuple(KubeNode(**node) for node in plain.pop("nodes")),
        workloads=tuple(Workload(**workload) for workload in plain.pop("workloads")),
        broken_pods=tuple(BrokenPod(**pod) for pod in plain.pop("broken_pods")),
        applications=tuple(_application(item) for item in plain.pop("applications")),
        namespaces=frozenset(plain.pop("namespaces")),
        crds=frozenset(plain.pop("crds")),
        secrets=frozenset(plain.pop("secrets")),
        **plain,
    )


def _application(item: dict[str, Any]) -> Application:
    lists = {key: tuple(item[key]) for key in ("conditions", "children", "waiting_on")}
    return Application(**{**item, **lists})
