"""The old node leaves the cluster: drained when it lives, its etcd member removed by id, its Node deleted."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from blackstart.phases.base import Play
from blackstart.phases.cluster_phase import acting
from blackstart.phases.members import etcd_members
from blackstart.power.base import Power

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blackstart.model.cluster import Cluster
    from blackstart.rebuild.base import Seen, Works


def neighbour(seen: Seen) -> str:
    """Return another node whose own API server answers; UnreachableError when none does."""
    ready = [name for name in seen.observed.with_api if name != seen.node]
    return ready[0] if ready else acting(seen.observed)


def remains(desired: Cluster, seen: Seen) -> list[str]:
    """Name what of the node is still in the cluster."""
    address = str(desired.node(seen.node).ansible_host)
    members = etcd_members(seen.observed)
    mine = [one.id for one in members if one.name == seen.node or (not one.name and one.address == address)]
    found = [f"etcd lists its member {one}" for one in mine]
    return found + ([f"the API lists its Node{'' if seen.kube.ready else ', not Ready'}"] if seen.kube else [])


def alive(seen: Seen) -> bool:
    """Tell whether the old node can end its own pods. After a power cut its Node is called Ready for 40 s more."""
    return seen.kube is not None and seen.kube.ready and seen.power.power is not Power.OFF


class Leaving:
    """Role node_removal, from a neighbour."""

    name = "leaving"
    title = "Drained, out of etcd, out of the API"
    once = False

    def reasons(self, desired: Cluster, seen: Seen) -> list[str]:
        """Name what is left of the old node; what a renewed one has is the new one's."""
        return [] if seen.renewed else remains(desired, seen)

    def apply(self, works: Works, seen: Seen) -> None:
        """Remove it; RefusedError with what blocks the drain, or with what a member's removal would cost."""
        lives = alive(seen)
        acting_node = neighbour(seen)
        variables = {
            "acting_node": acting_node,
            "node_removal_node": works.node,
            "node_removal_dead": not lives,
            "node_removal_surely_off": not lives and seen.power.power is Power.OFF,
            "node_removal_drain_timeout": works.drain_seconds,
        }
        with _endpoint_elsewhere(works, seen):
            works.play(Play("node_removal", (acting_node,), variables))


@contextmanager
def _endpoint_elsewhere(works: Works, seen: Seen) -> Iterator[None]:
    """Have another node hold the API's address before this one's API server loses its etcd.

    keepalived gives it up at once when it is stopped (VRRP priority 0, RFC 5798 section 6.4.3); its health check would
    take seconds to see the same. A node that then stays gets it running again.
    """
    if not (seen.facts.reachable and seen.facts.holds_endpoint):
        yield
        return
    fleet = works.observer.fleet
    fleet.run(works.node, ["systemctl", "stop", "keepalived"], timeout=20.0)
    works.say(f"{works.node} gave the API's address to another node")
    try:
        yield
    except BaseException:
        fleet.run(works.node, ["systemctl", "start", "keepalived"], timeout=20.0)
        raise


LEG = Leaving()
