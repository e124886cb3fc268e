"""Before a rebuild begins: the look that it decides on, its confirmation, and the order that it leaves."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blackstart.disks.judge import judge
from blackstart.disks.verdict import Role, State
from blackstart.engine.retry import retry_not_well
from blackstart.errors import BlackstartError, RefusedError
from blackstart.metal import order as orders
from blackstart.power.base import Power
from blackstart.probe.disks import look as look_at_disks
from blackstart.rebuild.preconditions import require_well
from blackstart.rebuild.snapshot import kept
from blackstart.rebuild.view import View, view

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from blackstart.disks.facts import DiskTable
    from blackstart.engine.observer import Observer
    from blackstart.metal.order import Order
    from blackstart.model.cluster import Cluster
    from blackstart.power.base import Driver, PowerFacts
    from blackstart.probe.observed import Observed


@dataclass(slots=True)
class Surroundings:
    """What a rebuild sees besides nodes and API (engine/observer.py, Around): power, order, snapshots."""

    node: str
    state: Path
    driver: Driver
    _power: PowerFacts | None = None
    _order: Order | None = None  # what this run works for: known by its id after it was closed as well

    def dark(self) -> Mapping[str, str]:
        """Ask the machine's driver: one that is off answers nobody, and each look would wait for it to the end."""
        self._power = self.driver.state()
        off = self._power.power is Power.OFF
        return {self.node: f"it has no power: {self._power.words}"} if off else {}

    def add(self, observed: Observed) -> Observed:
        """Add what this machine keeps of the rebuild."""
        power = self._power or self.driver.state()
        there = orders.read(self.state, self.node)
        self._order = there or self._order
        about = {"order": self._order, "closed": there is None, "power": power, "snapshots": kept(self.state)}
        return View.of(observed, node=self.node, **about)


def begin(
    desired: Cluster,
    observer: Observer,
    state: Path,
    confirm: Callable[[View], None],
    say: Callable[[str], None],
    *,
    order_id: str,
    now: float,
) -> None:
    """Check that the node may be rebuilt, have that confirmed, and write its order. The observer looks for a rebuild.

    An order that is open goes on, unless nothing was done on it yet: then it is asked for again.

    `confirm` raises when nobody does; order_id and now as in order.place().
    """

    def attempt() -> View:
        seen = view(observer.look())
        if not seen.renewed:
            require_well(desired, seen)
        return seen

    seen = retry_not_well(attempt, say)
    if seen.order is not None and not (seen.alive and not seen.renewed):
        begun = time.strftime("%Y-%m-%d %H:%M", time.localtime(seen.order.made))
        say(f"the rebuild of {seen.node} that was confirmed at {begun} goes on")
        return
    if seen.facts.reachable:
        table = look_at_disks(observer.fleet, desired, seed=order_id, nodes=[seen.node])[seen.node]
        if isinstance(table, BlackstartError):
            raise table
        require_usable_disks(desired, seen.node, table)
    confirm(seen)
    orders.place(state, seen.node, desired.node(seen.node).disks.boot.serial, order_id=order_id, now=now)
    observer.look()


def require_usable_disks(desired: Cluster, node: str, table: DiskTable) -> None:
    """Raise RefusedError when a disk would stop the node after its system is erased; pure, on disks just looked at.

    A node that does not answer cannot be asked; its disks are judged when its new system is up.
    """
    verdicts = judge(desired.node(node), table, fsid=desired.storage.ceph_fsid)
    refused = [one for one in verdicts if one.role is Role.CEPH and one.state is State.REFUSED and one.data_at_risk]
    if refused:
        raise RefusedError(
            f"{node} would not come back, for the disk guard refuses a disk of it:\n"
            + "\n".join(f"{one.disk}: {'; '.join(reason.text for reason in one.reasons)}" for one in refused),
            hint=f"`blackstart --limit {node} disks` has the next command for each; nothing was changed",
        )
