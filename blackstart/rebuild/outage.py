"""A node that is not Ready cannot be drained: it is taken to dark first, and is then surely off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.power.base import Power
from blackstart.rebuild.dark import darken
from blackstart.rebuild.remove_node import alive, remains

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster
    from blackstart.rebuild.base import Seen, Works


class Outage:
    """Power off, before its pods and volumes are given to others."""

    name = "outage"
    title = "A node that is not Ready goes dark first"
    once = False

    def reasons(self, desired: Cluster, seen: Seen) -> list[str]:
        """Ask for it while the old node is in the cluster, is not Ready, and may have power."""
        if seen.renewed or not remains(desired, seen) or alive(seen):
            return []
        if seen.power.power is Power.OFF or (seen.power.power is Power.UNKNOWN and not seen.facts.reachable):
            return []
        return [f"its kubelet ends no pods any more, and it is not off: {seen.power.words}"]

    def apply(self, works: Works, seen: Seen) -> None:
        """Cut its power: a system that serves nothing has nothing to shut down in order."""
        darken(works, seen, force=True)


LEG = Outage()
