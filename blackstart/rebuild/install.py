"""The machine's boot disk is erased, that and no other, and a new system is installed on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.errors import RefusedError

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster
    from blackstart.rebuild.base import Seen, Works


class Install:
    """The installer that the inventory names."""

    name = "install"
    title = "Boot disk erased, new system installed"
    once = False

    def reasons(self, desired: Cluster, seen: Seen) -> list[str]:
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

    def apply(self, works: Works, seen: Seen) -> None:
        """Hand it to the installer."""
        assert seen.order is not None  # noqa: S101 - a rebuild that is under way has one
        works.installer.install(seen.order, works.site())


LEG = Install()
