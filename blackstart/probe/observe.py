"""One look at everything: all nodes at once, and the API through the first of them whose own server is ready."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from blackstart.engine.carrier import ask
from blackstart.errors import UnreachableError
from blackstart.probe import parse
from blackstart.probe.observed import KUBEADM, ApiFacts, NodeFacts, Observed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from blackstart.engine.ssh import Fleet
    from blackstart.model.cluster import Cluster, Node

# Units that decisions ask about besides those that steps watch.
UNITS = (
    KUBEADM,
    "blackstart-preload.service",
    "containerd.service",
    "keepalived.service",
    "kubelet.service",
)
API_SECONDS = 5.0  # for all questions to the API of one node


def observe(
    fleet: Fleet,
    desired: Cluster,
    *,
    units: Iterable[str],
    inputs: Mapping[tuple[str, str], str],
    wanted_images: frozenset[str] = frozenset(),
    via: str = "",
    dark: Mapping[str, str] = MappingProxyType({}),
) -> Observed:
    """Look at every node of the inventory, at these units there, and at the API; images only when any are wanted.

    via names the node whose API answered last: it is asked in the same breath as the nodes. Without one, or when it
    is silent now, the API is asked through the first node whose own server turns out to be ready.
    Nodes of `dark` are known to have no power, each with the words that say so: nobody dials them,
    etcd's members on them included.
    A node that cannot be reached is a finding, not an error; so is an API that does not answer.
    Raises BlackstartError when the probe itself fails on a node that answers.
    """
    endpoint = desired.endpoint
    request = {
        "endpoint": {"name": endpoint.name, "address": str(endpoint.address), "port": endpoint.port},
        "units": sorted({*UNITS, *units}),
        "images": bool(wanted_images),
        "dark": [str(node.ansible_host) for node in desired.nodes if node.name in dark],
    }
    seen: dict[str, NodeFacts] = {}
    said = ApiFacts()
    with ThreadPoolExecutor(len(desired.nodes) + 1) as pool:
        lit = [node for node in desired.nodes if node.name not in dark]
        looks = [pool.submit(_node, fleet, node, request) for node in lit]
        guess = pool.submit(_api, fleet, desired, via) if via in {node.name for node in lit} else None
        for look in as_completed(looks):
            facts = look.result()
            seen[facts.name] = facts
            if guess is None and facts.api_ready and not said.reachable:
                said = _better(said, _api(fleet, desired, facts.name))
    seen |= {name: NodeFacts(name, reachable=False, error=words) for name, words in dark.items()}
    nodes = {name: seen[name] for name in desired.node_names}
    if guess is not None:
        said = guess.result()
        for name in (name for name in nodes if nodes[name].api_ready and name != via):
            said = said if said.reachable else _better(said, _api(fleet, desired, name))
    if not said.reachable and not any(facts.api_ready for facts in nodes.values()):
        said = ApiFacts(error=parse.silence(nodes.values()))
    return Observed(nodes, parse.since_boot(said, nodes), dict(inputs), wanted_images)


def _node(fleet: Fleet, node: Node, request: dict[str, Any]) -> NodeFacts:
    try:
        said = ask(fleet, node.name, "machine", {**request, "address": str(node.ansible_host)})
    except UnreachableError as error:
        return NodeFacts(node.name, reachable=False, error=error.message)
    return parse.node(node.name, said.answer, said.clock)


def _api(fleet: Fleet, desired: Cluster, name: str) -> ApiFacts:
    address, port = str(desired.node(name).ansible_host), desired.endpoint.port
    try:
        said = ask(fleet, name, "api", {"address": address, "port": port, "seconds": API_SECONDS})
    except UnreachableError as error:
        return ApiFacts(via=name, error=f"{name}: {error.message}")
    return parse.api(name, said.answer)


def _better(before: ApiFacts, now: ApiFacts) -> ApiFacts:
    """Keep the first silence's words until an API answers."""
    return now if now.reachable or not before.error else before
