"""Installing a practice node: its container, which stands for its boot disk, is replaced by a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.errors import RefusedError
from blackstart.lab import machines
from blackstart.lab.layout import LAB
from blackstart.metal.known_hosts import pin
from blackstart.metal.order import private_key
from blackstart.power.waits import await_live

if TYPE_CHECKING:
    from blackstart.lab.layout import Layout
    from blackstart.metal.installers.base import Site
    from blackstart.metal.order import Order


class ContainerInstaller:
    """Removes the container with its data and creates a new one; the disks for Ceph are kept."""

    def __init__(self, layout: Layout = LAB) -> None:
        """Work on this set of nodes."""
        self._layout = layout

    def install(self, order: Order, site: Site) -> None:
        """Replace the node. RefusedError when its boot disk is not the ordered one."""
        boot = self._layout.disks[order.node][0]
        if boot.serial != order.disk:
            raise RefusedError(
                f"{order.node} has the boot disk {boot.serial}, ordered was {order.disk}",
                hint=f"correct disks.boot in host_vars/{order.node}.yml",
            )
        node = site.desired.node(order.node)
        pin(site.state / "known_hosts", node, order.host_key)
        site.say(f"{order.node} is replaced by an empty container")
        machines.replace(order.node, private_key(site.state, order.node), order.id, layout=self._layout)
        await_live(node, site.driver, site.fleet, None, say=site.say)


def installer(_node: str) -> ContainerInstaller:
    """Return what installs a node of the lab: what `install_method: lab` names."""
    return ContainerInstaller()
