"""The end: the machine is a Ready member under the ordered id, so the order and its private key are removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.metal import order
from blackstart.rebuild.view import RebuildStep

if TYPE_CHECKING:
    from blackstart.engine.context import Context
    from blackstart.model.cluster import Cluster
    from blackstart.rebuild.view import View


class CloseOrder(RebuildStep):
    """Removes the order."""

    name = "close_order"
    title = "Close the order"
    needs = ("ceph_back", "cilium", "members", "revive", "reboot", "root_application")

    def why(self, desired: Cluster, seen: View) -> list[str]:  # noqa: ARG002 - the base class decides
        """Ask for it when the node runs the ordered installation; it needs the steps that make it a member."""
        return ["the node is back under the ordered id"] if seen.renewed and not seen.closed else []

    def act(self, context: Context, seen: View) -> None:
        """Close it."""
        order.close(context.state, seen.node)


STEP = CloseOrder()
