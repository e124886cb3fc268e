"""What every way onto bare metal shares, once a live system is to be had: prove the machine, install, reboot, prove."""

from __future__ import annotations

import json
import secrets
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blackstart.bundle import server
from blackstart.engine.ssh import Fleet, RemoteError, public_keys
from blackstart.errors import GateTimeoutError, RefusedError, UnreachableError
from blackstart.metal import known_hosts, live_seed, machine_identity
from blackstart.metal import order as orders
from blackstart.power import waits
from blackstart.power.base import Power
from blackstart.step import Play

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from blackstart.metal.installer import Site
    from blackstart.metal.order import Order
    from blackstart.power.waits import Boot

PLAYBOOK = "arch_install"
_TOKEN_BYTES = 24
BOOT_SECONDS = 600.0  # firmware that tries a network before its disk takes minutes


@dataclass(frozen=True, slots=True)
class Live:
    """An order's live system, and the connection to it."""

    told: live_seed.Told
    fleet: Fleet
    name: str

    def up(self) -> bool:
        """Say whether it answers; only the system that was told this order's keys can."""
        try:
            waits.boot_of(self.fleet, self.name)
        except UnreachableError:
            return False
        return True


def from_dark(order: Order, site: Site, boot: Callable[[Live, bool], None], seconds: float = BOOT_SECONDS) -> None:
    """Do what is left to do of an order; `boot` is called when its live system is to come up, and returns when it is.

    It is told whether the machine was just seen to have no power; one that has may be in anything but its own system.
    seconds: how long the installed system may take to answer.
    Whatever an earlier run was cut off in, is seen: the installed system, or one that is on its way, or the live one.
    """
    if installed(order, site):
        return
    with _live(order, site) as system:
        # Whoever has no power answers nobody, and is not dialled: each try would wait to its end.
        dark = waits.is_dark(site.desired.node(order.node), site.driver)
        if dark or not system.up():
            if _comes_back(order, site, seconds):
                return
            if not dark:
                _require_gone(order, site)
            boot(system, dark)
        _from_live(order, site, system, seconds)


@contextmanager
def _live(order: Order, site: Site) -> Iterator[Live]:
    """Make what an order's live system is told, unless it is there, and be ready to talk to it."""
    told = live_seed.prepare(site.desired, site.state, order, token=secrets.token_urlsafe(_TOKEN_BYTES))
    fleet = Fleet([site.desired.node(order.node)], told.folder)
    try:
        yield Live(told, fleet, order.node)
    finally:
        fleet.close()


def installed(order: Order, site: Site) -> bool:
    """Say whether the ordered system runs: it shows the order's host key, and says the order's id."""
    node = site.desired.node(order.node)
    if known_hosts.pinned(site.state / "known_hosts", node) != order.host_key:
        return False
    try:
        return _mark(site.fleet, order.node) == {"id": order.id, "node": order.node}
    except UnreachableError:
        return False


def _comes_back(order: Order, site: Site, seconds: float) -> bool:
    """Wait for a system that was installed and has not answered yet; its key is pinned once it is whole."""
    node = site.desired.node(order.node)
    if known_hosts.pinned(site.state / "known_hosts", node) != order.host_key:
        return False
    site.say(f"{order.node}: its system was installed by an earlier run; waiting for it")
    if site.driver.state().power is Power.OFF:
        site.say(site.driver.on())
    try:
        waits.await_live(node, site.driver, site.fleet, None, say=site.say, seconds=seconds)
    except GateTimeoutError as error:
        site.say(f"{error.message}; it is installed anew")
        return False
    return installed(order, site)


def _require_gone(order: Order, site: Site) -> None:
    """Raise RefusedError while the node's earlier system still answers: it was to be dark before it is erased."""
    try:
        waits.boot_of(site.fleet, order.node)
    except UnreachableError:
        return
    raise RefusedError(
        f"{order.node} still runs a system that shows its pinned host key; wanted: a dark machine",
        hint="it is left alone. Shut it down, or run `blackstart rebuild` for it, which does so when it is safe",
    )


def _from_live(order: Order, site: Site, system: Live, seconds: float) -> None:
    """Take a machine from its live system to its own: prove it, install, reboot, await it by its pinned key."""
    mark, wanted = _mark(system.fleet, order.node), live_seed.mark(order)
    if mark != wanted:
        raise RefusedError(
            f"the live system of {order.node} says that it is {json.dumps(mark)}, wanted {json.dumps(wanted)}",
            hint="switch the machine off, and run the same command again",
        )
    machine_identity.prove(system.fleet, site.desired.node(order.node))
    site.say(f"{order.node}: the live system runs on the machine that is meant; installing")
    bundle = site.desired.bundle_path
    with server.serve(bundle, system.fleet.local_address(order.node)) as url:
        variables = {"bundle_url": url, **_facts(order, site)}
        site.runner(system.told.folder).play([Play(PLAYBOOK, (order.node,), variables)], {})
    before = waits.boot_of(system.fleet, order.node)
    known_hosts.pin(site.state / "known_hosts", site.desired.node(order.node), order.host_key)
    # A second later: the answer to this command is to come through before sshd is gone. Not up to a minute later, as
    # timers are when nothing is said (systemd.timer(5), AccuracySec).
    soon = ["systemd-run", "--quiet", "--on-active=1", "--timer-property=AccuracySec=100ms"]
    system.fleet.run(order.node, [*soon, "systemctl", "reboot"])
    site.say(f"{order.node}: installed; waiting for its own system")
    _await_installed(order, site, system, before, seconds)


def _facts(order: Order, site: Site) -> dict[str, Any]:
    """Return what the playbook is told of an order; the host key's private half by the name of its file."""
    return {
        "arch_install_order_id": order.id,
        "arch_install_disk_serial": order.disk,
        "arch_install_host_key_file": str(orders.private_key(site.state, order.node)),
        "arch_install_authorized_keys": public_keys(site.state),
    }


def _await_installed(order: Order, site: Site, system: Live, before: Boot, seconds: float) -> None:
    node = site.desired.node(order.node)
    try:
        waits.await_live(node, site.driver, site.fleet, before, say=site.say, seconds=seconds)
    except GateTimeoutError as error:
        if system.up():
            again = waits.boot_of(system.fleet, order.node) != before
            what = "came back as the live system again" if again else "did not reboot"
            raise GateTimeoutError(
                f"{order.node} was installed, and {what}",
                hint="look at its boot order: its own disk is to come before sticks, and after the network at most; "
                "take out what it was installed from, then run the same command again",
            ) from error
        raise GateTimeoutError(
            f"{order.node} was installed and never came back as its own system: {error.message}",
            hint="look at its console: does its firmware find the disk's boot entry (efibootmgr), does the kernel "
            "find its root? Switched off and on, it is awaited again by the same command, which installs it anew "
            "when it does not answer",
        ) from error
    if (mark := _mark(site.fleet, order.node)) != {"id": order.id, "node": order.node}:
        raise RefusedError(
            f"{order.node} came back with its pinned host key and says that it is {json.dumps(mark)}, not {order.id}",
            hint=f"another disk of it may hold a system with the same key; see {orders.MARK} there",
        )


def _mark(fleet: Fleet, name: str) -> Mapping[str, Any]:
    """Return what a system says of itself; nothing when it says nothing, or nothing that can be read."""
    try:
        found = json.loads(fleet.run(name, ["cat", orders.MARK], timeout=10.0).out)
    except (RemoteError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
