"""An order to install a practice machine, and all that an installer works with: inventory, state, button, Ansible."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blackstart import power
from blackstart.engine import galaxy
from blackstart.engine.journal import Journal
from blackstart.engine.runner import Runner
from blackstart.engine.ssh import Fleet
from blackstart.metal import order as orders
from blackstart.metal.installers.base import Site
from blackstart.model.load import load
from tests.support.metal import built, live, paper, repository

if TYPE_CHECKING:
    from pathlib import Path

    from blackstart.metal.order import Order
    from tests.support.metal.machine import Machine

ID = "c0ffee"


@dataclass(frozen=True, slots=True)
class Ordered:
    """What is to be installed on the first node of an inventory, and what was said so far."""

    sources: list[Path]
    order: Order
    site: Site
    said: list[str]


def make(room: Path, machine: Machine, *, live_system: Path | None = None, **told: Any) -> Ordered:
    """Order an installation in a folder; what paper.write() can be told besides, is told it.

    The state is where the command line looks for it when XDG_STATE_HOME is room/state.
    """
    archive = built.ensure(repository.part()) / repository.SIGNED
    live_system = live_system or built.ensure(live.part())
    sources = paper.write(room / "inventory", machine, live_system, archive, **told)
    desired, _ = load(sources)
    state = room / "state" / "blackstart" / desired.name
    state.mkdir(parents=True)
    # The key that this machine comes in with is made as host keys are.
    keys = orders.place(state, "a-key-of-ours", "", order_id="0", now=0.0)
    orders.private_key(state, keys.node).rename(state / "id_ed25519")
    order = orders.place(state, paper.NODE, machine.serials[0], order_id=ID, now=time.time())
    journal = Journal(room / "run")
    said: list[str] = []

    def runner(folder: Path) -> Runner:
        return Runner(sources, folder, journal, galaxy.ensure())

    fleet = Fleet([desired.node(paper.NODE)], state)
    site = Site(desired, state, fleet, power.driver(desired, paper.NODE), runner, said.append)
    return Ordered(sources, order, site, said)
