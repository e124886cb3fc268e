"""The old node leaves the cluster: drained when it lives, its etcd member removed by id, its Node deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.phases.base import Play
from blackstart.phases.cluster_level import acting
from blackstart.phases.members import etcd_members
from blackstart.power.base import Power

if TYPE_CHECKING:
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


class Leaving:
    """Role node_removal, from a neighbour."""

    name = "leaving"
    title = "Drained, out of etcd, out of the API"

    def reasons(self, desired: Cluster, seen: Seen) -> list[str]:
        """Name what is left of the old node; what a renewed one has is the new one's."""
        return [] if seen.renewed else remains(desired, seen)

    def apply(self, works: Works, seen: Seen) -> None:
        """Remove it; RefusedError with what blocks the drain, or with what a member's removal would cost."""
        lives = seen.kube is not None and seen.kube.ready
        acting_node = neighbour(seen)
        works.play(
            Play(
                "node_removal",
                (acting_node,),
                {
                    "acting_node": acting_node,
                    "node_removal_node": works.node,
                    "node_removal_dead": not lives,
                    "node_removal_surely_off": not lives and seen.power.power is Power.OFF,
                },
            )
        )


LEG = Leaving()
