"""The machine's boot disk is erased, that and no other, and a new system is installed on it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from blackstart import power
from blackstart.errors import RefusedError
from blackstart.metal.order import Order
from blackstart.probe.observed import NodeFacts
from blackstart.rebuild.view import RebuildStep, view

if TYPE_CHECKING:
    from blackstart.engine.context import Context
    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import Observed
    from blackstart.rebuild.view import View


class Install(RebuildStep):
    """The installer that the inventory names."""

    name = "install"
    title = "Erase the boot disk, install a new system"
    needs = ("power_off",)

    def why(self, desired: Cluster, seen: View) -> list[str]:
        """Ask for it until the node answers with the order's id, by the host key that was made for it."""
        if seen.renewed:
            return []
        wanted = desired.node(seen.node).disks.boot.serial
        if seen.order is not None and seen.order.disk != wanted:
            raise RefusedError(
                f"the rebuild of {seen.node} was confirmed for the boot disk {seen.order.disk}, and the inventory now "
                f"says {wanted}",
                hint=f"put {seen.order.disk} back into host_vars/{seen.node}.yml, or begin anew: "
                f"blackstart rebuild {seen.node} --withdraw",
            )
        if seen.facts.reachable and not seen.facts.live:
            return ["another installation than the ordered runs there"]
        return [f"the ordered installation does not answer: {seen.facts.error or 'its installer has not finished'}"]

    def act(self, context: Context, seen: View) -> None:
        """Hand it to the installer."""
        # Installers are only imported by who uses them: `status` knows this step as well.
        from blackstart.metal.installers import installer  # noqa: PLC0415 - see above
        from blackstart.metal.installers.base import Site  # noqa: PLC0415 - see above

        assert seen.order is not None  # noqa: S101 - apply() has asked
        driver = power.driver(context.desired, seen.node)
        site = Site(context.desired, context.state, context.fleet, driver, context.runner, context.say)
        installer(context.desired.node(seen.node)).install(seen.order, site)

    def expected(self, desired: Cluster, observed: Observed) -> Observed:
        """Return the look with an empty system that was installed under the order."""
        seen = view(observed)
        order = seen.order or Order(seen.node, "to be ordered", 0.0, desired.node(seen.node).disks.boot.serial, "")
        fresh = NodeFacts(seen.node, installation=order.id)
        return replace(seen, nodes={**seen.nodes, seen.node: fresh}, order=order, closed=False)


STEP = Install()
