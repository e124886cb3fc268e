"""One look at everything: all nodes at once, and the API through the first of them whose own server is ready."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from blackstart.errors import UnreachableError
from blackstart.probe import parse
from blackstart.probe.observed import ApiFacts, NodeFacts, Observed
from blackstart.probe.send import send

if TYPE_CHECKING:
    from collections.abc import Mapping

    from blackstart.engine.ssh import Fleet
    from blackstart.model.cluster import Cluster, Node
    from blackstart.phases.base import Watch

API_SECONDS = 5.0  # for all questions to the API together
API_PORT = 6443  # kubeadm's bindPort; the endpoint may have another


def observe(
    fleet: Fleet,
    desired: Cluster,
    *,
    watch: Mapping[str, Watch],
    inputs: Mapping[tuple[str, str], str],
    wanted_images: frozenset[str] = frozenset(),
    api: bool = True,
) -> Observed:
    """Look at every node of the inventory, and unless told otherwise at the API; images only when any are wanted.

    A node that cannot be reached is a finding, not an error; so is an API that does not answer.
    Raises BlackstartError when the probe itself fails on a node that answers.
    """
    units = sorted({unit for one in watch.values() for unit in one.units})
    request = {"endpoint": _endpoint(desired), "port": API_PORT, "units": units, "images": bool(wanted_images)}
    seen: dict[str, NodeFacts] = {}
    said = ApiFacts()
    deadline = time.monotonic() + API_SECONDS
    with ThreadPoolExecutor(len(desired.nodes)) as pool:
        looks = [pool.submit(_node, fleet, node, request) for node in desired.nodes]
        # The API is asked as soon as one node has a ready server, while others are still being looked at.
        for look in as_completed(looks):
            facts = look.result()
            seen[facts.name] = facts
            if api and facts.api_ready and not said.reachable:
                said = _api(fleet, desired.node(facts.name), deadline, said)
    nodes = {name: seen[name] for name in desired.node_names}
    if api and not said.reachable and not said.error:
        said = replace(said, error=parse.silence(nodes.values()))
    return Observed(nodes, parse.since_boot(said, nodes), dict(inputs), wanted_images)


def _endpoint(desired: Cluster) -> dict[str, Any]:
    endpoint = desired.endpoint
    return {"name": endpoint.name, "address": str(endpoint.address), "port": endpoint.port}


def _node(fleet: Fleet, node: Node, request: dict[str, Any]) -> NodeFacts:
    try:
        said = send(fleet, node.name, "machine", {**request, "address": str(node.ansible_host)})
    except UnreachableError as error:
        return NodeFacts(node.name, reachable=False, error=error.message)
    return parse.node(node.name, said.answer, said.clock)


def _api(fleet: Fleet, node: Node, deadline: float, before: ApiFacts) -> ApiFacts:
    """Ask through one node; when that fails keep the words of the first that was asked, another may know more."""
    left = deadline - time.monotonic()
    if left <= 0:
        return before
    try:
        request = {"address": str(node.ansible_host), "port": API_PORT, "seconds": left}
        said = parse.api(node.name, send(fleet, node.name, "api", request, timeout=left + 5).answer)
    except UnreachableError as error:
        said = ApiFacts(via=node.name, error=f"{node.name}: {error.message}")
    return said if said.reachable or not before.error else before
