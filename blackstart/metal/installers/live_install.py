"""Installing from a live system, however it was booted: verify the machine, install, reboot, verify."""

from __future__ import annotations

import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blackstart.bundle import server
from blackstart.engine.channel import RemoteError
from blackstart.engine.ssh import Fleet, public_keys
from blackstart.errors import GateTimeoutError, RefusedError, UnreachableError
from blackstart.metal import known_hosts, live_seed, machine_identity
from blackstart.metal import order as orders
from blackstart.power import waits
from blackstart.power.base import Power
from blackstart.step import Play

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from blackstart.metal.installers.base import Site
    from blackstart.metal.order import Order
    from blackstart.power.waits import Boot

PLAYBOOK = "arch_install"
_TOKEN_BYTES = 24
BOOT_SECONDS = 600.0  # firmware that tries a network before its disk takes minutes


@dataclass(frozen=True, slots=True)
class LiveSystem:
    """An order's live system, and the connection to it."""

    told: live_seed.LiveKeys
    fleet: Fleet
    name: str

    def up(self) -> bool:
        """Return whether it answers; only the system that got this order's keys can."""
        try:
            waits.boot_of(self.fleet, self.name)
        except UnreachableError:
            return False
        return True


def from_dark(
    order: Order, site: Site, boot: Callable[[LiveSystem, bool], None], seconds: float = BOOT_SECONDS
) -> None:
    """Carry out an order; `boot` is called to boot its live system, and returns when that answers.

    Its second argument says whether the machine was just seen to be off; one that is on may run anything but its own
    system. seconds: how long the installed system may take to answer. An interrupted run is continued from what is
    there: the installed system, one that is still booting, or the live system.
    """
    if installed(order, site):
        return
    with _live(order, site) as system:
        # A machine that is off is not tried: each attempt would wait until it times out.
        dark = waits.is_dark(site.desired.node(order.node), site.driver)
        if dark or not system.up():
            if _comes_back(order, site, seconds):
                return
            if not dark:
                _require_gone(order, site)
            boot(system, dark)
        _from_live(order, site, system, seconds)


@contextmanager
def _live(order: Order, site: Site) -> Iterator[LiveSystem]:
    """Make the keys of an order's live system unless they exist, and a connection that uses them."""
    told = live_seed.prepare(site.desired, site.state, order, token=secrets.token_urlsafe(_TOKEN_BYTES))
    fleet = Fleet([site.desired.node(order.node)], told.folder)
    try:
        yield LiveSystem(told, fleet, order.node)
    finally:
        fleet.close()


def installed(order: Order, site: Site) -> bool:
    """Return whether the ordered system runs: it shows the order's host key and has the order's id."""
    node = site.desired.node(order.node)
    if known_hosts.pinned(site.state / "known_hosts", node) != order.host_key:
        return False
    try:
        return _mark(site.fleet, order.node) == {"id": order.id, "node": order.node}
    except UnreachableError:
        return False


def _comes_back(order: Order, site: Site, seconds: float) -> bool:
    """Wait for a system that was installed and has not answered yet; its key is pinned once it is complete."""
    node = site.desired.node(order.node)
    if known_hosts.pinned(site.state / "known_hosts", node) != order.host_key:
        return False
    site.say(f"{order.node}: its system was installed by an earlier run; waiting for it")
    if site.driver.state().power is Power.OFF:
        site.say(site.driver.on())
    try:
        waits.await_live(node, site.driver, site.fleet, None, say=site.say, seconds=seconds)
    except GateTimeoutError as error:
        site.say(f"{error.message}; it is installed again")
        return False
    return installed(order, site)


def _require_gone(order: Order, site: Site) -> None:
    """Raise RefusedError while the node's earlier system answers: it must be off before its disk is erased."""
    try:
        waits.boot_of(site.fleet, order.node)
    except UnreachableError:
        return
    raise RefusedError(
        f"{order.node} still runs a system that shows its pinned host key; wanted: a machine that is off",
        hint="nothing was changed. Shut it down, or run `blackstart rebuild` for it, which does so when it is safe",
    )


def _from_live(order: Order, site: Site, system: LiveSystem, seconds: float) -> None:
    """Install from the live system: verify the machine, install, reboot, wait for the system with its pinned key."""
    mark, wanted = _mark(system.fleet, order.node), live_seed.installation(order)
    if mark != wanted:
        raise RefusedError(
            f"the live system of {order.node} identifies itself as {json.dumps(mark)}, wanted {json.dumps(wanted)}",
            hint="switch the machine off and run the same command again",
        )
    machine_identity.prove(system.fleet, site.desired.node(order.node))
    site.say(f"{order.node}: the live system runs on the right machine; installing")
    bundle = site.desired.bundle_path
    with server.serve(bundle, system.fleet.local_address(order.node)) as url:
        variables = {"bundle_url": url, **_facts(order, site)}
        site.runner(system.told.folder).play([Play(PLAYBOOK, (order.node,), variables)], {})
    before = waits.boot_of(system.fleet, order.node)
    known_hosts.pin(site.state / "known_hosts", site.desired.node(order.node), order.host_key)
    # A second later, so that this command returns before sshd stops; not up to a minute later, which is the default
    # accuracy of timers (systemd.timer(5), AccuracySec).
    soon = ["systemd-run", "--quiet", "--on-active=1", "--timer-property=AccuracySec=100ms"]
    system.fleet.run(order.node, [*soon, "systemctl", "reboot"])
    site.say(f"{order.node}: installed; waiting for its own system")
    _await_installed(order, site, system, before, seconds)


def _facts(order: Order, site: Site) -> dict[str, Any]:
    """Return the playbook's variables for an order; the private host key is passed by the name of its file."""
    return {
        "arch_install_order_id": order.id,
        "arch_install_disk_serial": order.disk,
        "arch_install_host_key_file": str(orders.private_key(site.state, order.node)),
        "arch_install_authorized_keys": public_keys(site.state),
    }


def _await_installed(order: Order, site: Site, system: LiveSystem, before: Boot, seconds: float) -> None:
    node = site.desired.node(order.node)
    try:
        waits.await_live(node, site.driver, site.fleet, before, say=site.say, seconds=seconds)
    except GateTimeoutError as error:
        if system.up():
            again = waits.boot_of(system.fleet, order.node) != before
            what = "came back as the live system again" if again else "did not reboot"
            raise GateTimeoutError(
                f"{order.node} was installed, and {what}",
                hint="check its boot order: its own disk must come before sticks, and may come after the network; "
                "remove what it was installed from, then run the same command again",
            ) from error
        raise GateTimeoutError(
            f"{order.node} was installed and never came back as its own system: {error.message}",
            hint="check its console: does its firmware find the disk's boot entry (efibootmgr), does the kernel "
            "find its root? After a power cycle the same command waits for it again, and installs it again when "
            "it does not answer",
        ) from error
    if (mark := _mark(site.fleet, order.node)) != {"id": order.id, "node": order.node}:
        raise RefusedError(
            f"{order.node} came back with its pinned host key and says that it is {json.dumps(mark)}, not {order.id}",
            hint=f"another of its disks may hold a system with the same key; see {orders.INSTALLATION_FILE} there",
        )


def _mark(fleet: Fleet, name: str) -> Mapping[str, Any]:
    """Return how a system identifies itself; empty when it does not, or when that cannot be parsed."""
    try:
        found = json.loads(fleet.run(name, ["cat", orders.INSTALLATION_FILE], timeout=10.0).out)
    except (RemoteError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
