"""Whether a node may leave the cluster, and what is left to do for it. Pure: decided on objects as they were seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..etcd.quorum import Member, find, objections
from ..kubectl import unknown
from .eviction import evictable, title
from .objects import CONTROL_PLANE, condition

if TYPE_CHECKING:
    from collections.abc import Sequence

OUT_OF_SERVICE = {"key": "node.kubernetes.io/out-of-service", "value": "nodeshutdown", "effect": "NoExecute"}
Object = dict[str, Any]


class Wish(NamedTuple):
    """What a caller asks for; `known` are the names that the inventory has, `acting` is the node asked from."""

    name: str
    address: str
    acting: str
    known: Sequence[str]
    dead: bool = False
    off: bool = False


class ClusterFacts(NamedTuple):
    """The cluster as it is: Nodes, etcd's members, and the pods and VolumeAttachments of the node that is to go."""

    nodes: Sequence[Object]
    members: Sequence[Member]
    pods: Sequence[Object] = ()
    attachments: Sequence[Object] = ()


class Plan(NamedTuple):
    """What is left to do: the member's id (empty: none is left), whether there is a Node, whether it needs a drain."""

    member: str
    node: bool
    drain: bool
    objections: list[str]


def plan(wish: Wish, seen: ClusterFacts) -> Plan:
    """Decide. What is already removed is no objection, so that an interrupted removal can be repeated."""
    nodes = {str(node["metadata"]["name"]): node for node in seen.nodes}
    member = find(seen.members, wish.name, wish.address)
    node = nodes.get(wish.name)
    if node is None and member is None:
        missing = [] if wish.name in wish.known else [unknown(wish.name, {*wish.known, *nodes})]
        return Plan("", node=False, drain=False, objections=missing)
    found = []
    if wish.name == wish.acting:
        found.append(f"{wish.name} would remove itself; wanted: to act from another healthy control plane")
    if member is not None:
        found += objections(seen.members, member)
    if member is not None or (node is not None and _control_plane(node)):
        found += _unready([other for name, other in nodes.items() if name != wish.name and _control_plane(other)])
    found += _alive(wish, node, member) if wish.dead else _unreachable(wish, node, seen.pods)
    if wish.dead and not wish.off:
        found += _attached(wish, seen.attachments)
    return Plan(
        member=member.id if member else "",
        node=node is not None,
        drain=node is not None and not wish.dead,
        objections=found,
    )


def attached(attachments: Sequence[Object], node: str) -> list[str]:
    """Name the volumes that are attached to a node."""
    mine = (item for item in attachments if item["spec"].get("nodeName") == node)
    return sorted(str(item["spec"]["source"].get("persistentVolumeName") or item["metadata"]["name"]) for item in mine)


def without_taint(taints: Sequence[Object]) -> list[Object]:
    """Return a Node's taints but the one that says out of service."""
    return [taint for taint in taints if taint["key"] != OUT_OF_SERVICE["key"]]


def _control_plane(node: Object) -> bool:
    return CONTROL_PLANE in node["metadata"].get("labels", {})


def _unready(others: list[Object]) -> list[str]:
    return [
        f"{node['metadata']['name']}, another control plane, is not Ready; wanted: all others healthy. "
        "Bring it back first, `blackstart status` says what it lacks"
        for node in others
        if not condition(node, "Ready")
    ]


def _alive(wish: Wish, node: Object | None, member: Member | None) -> list[str]:
    """Say what contradicts that a node is dead; a Node that is still called Ready does not, to who saw it go dark."""
    found = []
    if member is not None and member.healthy:
        found.append(
            f"{wish.name} is said to be dead, but its etcd answers; without node_removal_dead it is drained first"
        )
    if node is not None and condition(node, "Ready") and not wish.off:
        found.append(
            f"{wish.name} is said to be dead, but its Node is Ready; after a crash that lasts up to a minute. "
            "Wait for it, say node_removal_surely_off when its power is cut, or drop node_removal_dead"
        )
    return found


def _unreachable(wish: Wish, node: Object | None, pods: Sequence[Object]) -> list[str]:
    """Say that a node cannot be drained, when there is anything to drain: its kubelet ends no pods."""
    left = [title(pod) for pod in evictable(list(pods))]
    if node is None or condition(node, "Ready") or not left:
        return []
    said = f"{wish.name} is not Ready, so its kubelet will not end the {len(left)} pods to drain: {', '.join(left)}. "
    return [f"{said}Bring it back, or say node_removal_dead when it is gone for good"]


def _attached(wish: Wish, attachments: Sequence[Object]) -> list[str]:
    names = attached(attachments, wish.name)
    if not names:
        return []
    said = f"{wish.name} may still write to volumes attached to it ({', '.join(names)}), and others would beside it. "
    return [f"{said}Cut its power, see that it is dark, and say node_removal_surely_off"]
