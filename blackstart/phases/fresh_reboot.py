"""Reboots that are due on nodes that are no members yet: at once and together, since nothing runs on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.phases.reboot import due, standing
from blackstart.phases.receipts import nodes_of
from blackstart.step import Look, Play, Reason, Scope, Step

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import Observed


def _fresh(observed: Observed) -> tuple[str, ...]:
    # etcd data without the files of a member may be all that is left of a cluster: it is not a fresh node.
    return tuple(name for name, node in observed.nodes.items() if not (node.is_member or node.has_etcd_data))


class FreshReboot(Step):
    """Reboots before the node becomes a member, when it costs nobody anything."""

    name = "fresh_reboot"
    title = "Reboot of nodes that are no members yet"
    # Its own settings may be the reason; and an import of images that is cut off would have to be begun anew.
    needs = ("base_os", "image_preload")
    scope = Scope.NODES
    timeout = 60.0

    def reasons(self, desired: Cluster, observed: Observed) -> list[Reason]:
        """Name each node whose reboot is due."""
        return [Reason(why, name) for name in _fresh(observed) for why in due(desired, observed, name)]

    def play(self, desired: Cluster, observed: Observed) -> Play:
        """Reboot all of them."""
        names = nodes_of(self.reasons(desired, observed))
        return Play(self.name, limit=names, variables={"reboot_fresh": list(names)})

    def gate(self, desired: Cluster, observed: Observed) -> Look:
        """Open when none of them waits for a reboot."""
        return standing(desired, observed, _fresh(observed))


PHASE = FreshReboot()
