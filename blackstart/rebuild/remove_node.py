"""The old node leaves the cluster: drained when it is alive, its etcd member removed by id, its Node deleted."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from blackstart.phases.cluster_phase import acting
from blackstart.phases.members import etcd_members
from blackstart.power.base import Power
from blackstart.rebuild.view import RebuildStep, view
from blackstart.step import Play

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blackstart.engine.context import Context
    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import Observed
    from blackstart.rebuild.view import View


def neighbour(seen: View) -> str:
    """Return another node whose own API server answers; UnreachableError when none does."""
    ready = [name for name in seen.with_api if name != seen.node]
    return ready[0] if ready else acting(seen)


def remains(desired: Cluster, seen: View) -> list[str]:
    """Name what of the node is still in the cluster."""
    address = str(desired.node(seen.node).ansible_host)
    members = etcd_members(seen)
    mine = [one.id for one in members if one.name == seen.node or (not one.name and one.address == address)]
    found = [f"etcd lists its member {one}" for one in mine]
    return found + ([f"the API lists its Node{'' if seen.kube.ready else ', not Ready'}"] if seen.kube else [])


class RemoveNode(RebuildStep):
    """Role node_removal, from a neighbour."""

    name = "remove_node"
    title = "Drain, remove from etcd and from the API"
    needs = ("snapshot", "ceph_quiet", "outage")

    def why(self, desired: Cluster, seen: View) -> list[str]:
        """Name what is left of the old node; what a renewed one has is the new one's."""
        return [] if seen.renewed else remains(desired, seen)

    def act(self, context: Context, seen: View) -> None:
        """Remove it; RefusedError with what blocks the drain, or with what a member's removal would cost."""
        acting_node = neighbour(seen)
        variables = {
            "acting_node": acting_node,
            "node_removal_node": seen.node,
            "node_removal_dead": not seen.alive,
            "node_removal_surely_off": not seen.alive and seen.power.power is Power.OFF,
            "node_removal_drain_timeout": context.drain_seconds,
        }
        with _endpoint_elsewhere(context, seen):
            context.play(Play("node_removal", (acting_node,), variables))

    def expected(self, desired: Cluster, observed: Observed) -> Observed:
        """Return the look without its Node, and without its member in any other node's list."""
        seen = view(observed)
        address = str(desired.node(seen.node).ansible_host)
        nodes = {
            name: replace(
                facts,
                etcd=tuple(one for one in facts.etcd if one.name != seen.node and (one.name or one.address != address)),
            )
            for name, facts in observed.nodes.items()
        }
        api = replace(observed.api, nodes=tuple(node for node in observed.api.nodes if node.name != seen.node))
        return replace(observed, nodes=nodes, api=api)


@contextmanager
def _endpoint_elsewhere(context: Context, seen: View) -> Iterator[None]:
    """Have another node hold the API's address before this one's API server loses its etcd.

    keepalived gives it up at once when it is stopped (VRRP priority 0, RFC 5798 section 6.4.3); its health check would
    take seconds to see the same. A node that then stays gets it running again.
    """
    if not (seen.facts.reachable and seen.facts.holds_endpoint):
        yield
        return
    context.fleet.run(seen.node, ["systemctl", "stop", "keepalived"], timeout=20.0)
    context.say(f"{seen.node} gave the API's address to another node")
    try:
        yield
    except BaseException:
        context.fleet.run(seen.node, ["systemctl", "start", "keepalived"], timeout=20.0)
        raise


STEP = RemoveNode()
