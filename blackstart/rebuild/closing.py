"""The end: the machine is a Ready member under the ordered id, so the order is closed and its private key is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.metal import order

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster
    from blackstart.rebuild.base import Seen, Works


class Closing:
    """Forgets the order."""

    name = "closing"
    title = "The order is closed"
    once = False

    def reasons(self, desired: Cluster, seen: Seen) -> list[str]:  # noqa: ARG002 - the Protocol's signature
        """Ask for it when the node is there again; the phases of `up` have held the run until it was."""
        return ["the node is back under the ordered id"] if seen.order is not None and seen.renewed else []

    def apply(self, works: Works, seen: Seen) -> None:  # noqa: ARG002 - the Protocol's signature
        """Close it."""
        order.close(works.state, works.node)


LEG = Closing()
