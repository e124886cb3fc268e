"""Installing over the network: the machine boots a live system from here while this run authorises it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from blackstart.errors import GateTimeoutError, InputError
from blackstart.metal import http, live_seed, pxe
from blackstart.metal.installers import live_install
from blackstart.metal.serve import serving
from blackstart.power import waits
from blackstart.power.base import BootsNetwork, Power

if TYPE_CHECKING:
    from blackstart.metal.http import Boots
    from blackstart.metal.installers.base import Site
    from blackstart.metal.installers.live_install import LiveSystem
    from blackstart.metal.order import Order

LIVE_SECONDS = 900.0  # firmware, a network that is tried first, and a gigabyte over it


@dataclass(frozen=True, slots=True)
class NetbootInstaller:
    """An installer (base.py). seconds: until the live system answers; boot_seconds: until the installed one does."""

    seconds: float = LIVE_SECONDS
    boot_seconds: float = live_install.BOOT_SECONDS
    port: int = http.PORT

    def install(self, order: Order, site: Site) -> None:
        """Serve, authorise this one machine, switch it on, and install from its live system.

        The authorisation exists in this process only, and ends when the live system answers: what a killed run leaves
        behind cannot make a machine erase its disk. Serving continues without it until the end, so that firmware
        which tries the network first is sent on to the disk at once.
        """
        if live_install.installed(order, site):
            return
        mac = pxe.macs(site.desired).get(order.node)
        if mac is None:
            raise InputError(
                f"{order.node} boots from the network, and the inventory has no MAC address for it",
                hint=f"write nic_lan.mac into host_vars/{order.node}.yml: it is on the machine's label or in its setup",
            )
        with serving(site.desired, site.state, site.say, port=self.port) as boots:
            boot = partial(self._boot, order, site, boots=boots, mac=mac)
            live_install.from_dark(order, site, boot, self.boot_seconds)

    def _boot(self, order: Order, site: Site, system: LiveSystem, dark: bool, *, boots: Boots, mac: str) -> None:  # noqa: FBT001 - live_install.from_dark()'s
        if not dark:
            _darken(order, site)
        token, told = system.told.token, live_seed.seed(site.desired, order, system.told)
        script = live_seed.script(site.desired.netboot, boots.url, mac, token)
        boots.authorise(mac, script, token, told)
        try:
            _switch_on(site)
            self._await_live(order, site, system, boots)
        finally:
            boots.withdraw(mac)
        if isinstance(site.driver, BootsNetwork):
            site.say(site.driver.next_boot(network=False))

    def _await_live(self, order: Order, site: Site, system: LiveSystem, boots: Boots) -> None:
        node = site.desired.node(order.node)
        try:
            waits.await_live(node, site.driver, system.fleet, None, say=site.say, seconds=self.seconds)
        except GateTimeoutError as error:
            came, look = boots.asked.words()
            raise GateTimeoutError(
                f"the live system of {order.node} did not answer: {came}; {error.message}",
                hint=f"{look}. Nothing on it was changed: run the same command again",
            ) from error
        site.say(f"{order.node}: its live system answers; the order is withdrawn")


def _darken(order: Order, site: Site) -> None:
    """Make sure that the machine is off: an interrupted run may have left it in another live system."""
    node = site.desired.node(order.node)
    silent = waits.knock(node) is waits.Port.SILENT
    if site.driver.state().power is Power.ON or not silent:
        waits.cut(node, site.driver, say=site.say)


def _switch_on(site: Site) -> None:
    if isinstance(site.driver, BootsNetwork):
        site.say(site.driver.next_boot(network=True))
    site.say(site.driver.on())
