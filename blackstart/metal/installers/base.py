"""The interface of installers; each installer is one file in this folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from blackstart.engine.runner import Runner
    from blackstart.engine.ssh import Fleet
    from blackstart.metal.order import Order
    from blackstart.model.cluster import Cluster
    from blackstart.power.base import Driver
    from blackstart.power.waits import Say


@dataclass(frozen=True, slots=True)
class Site:
    """What an installer works with. `runner` makes an Ansible runner over a folder with known_hosts and id_ed25519."""

    desired: Cluster
    state: Path
    fleet: Fleet
    driver: Driver
    runner: Callable[[Path], Runner]
    say: Say


class Installer(Protocol):
    """One way to install a machine."""

    def install(self, order: Order, site: Site) -> None:
        """Erase the ordered boot disk and that alone, install a system on it, and return when that answers.

        The machine is off, or in the state in which an earlier call left it. Then it answers at the node's address
        with the order's host key, and holds the order's id in order.INSTALLATION_FILE. Raises RefusedError for another
        machine or disk than the ordered, UnreachableError, GateTimeoutError or RoleFailedError; the same call resumes.
        """
