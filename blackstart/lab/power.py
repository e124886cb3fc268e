"""Power of a practice node, by podman."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.errors import UnreachableError
from blackstart.lab import machines
from blackstart.lab.layout import LAB
from blackstart.power.base import Power, PowerFacts, off_then_on

if TYPE_CHECKING:
    from blackstart.lab.layout import Layout


class PodmanPower:
    """Power of one container."""

    tells = True
    repeat = 0.0

    def __init__(self, name: str, layout: Layout) -> None:
        """Take the node's name in a set of nodes; UnreachableError when the set has no such node."""
        if name not in layout.names:
            raise UnreachableError(
                f"the practice cluster has no node {name}", hint=f"its nodes are {', '.join(layout.names)}"
            )
        self._name = name
        self._layout = layout

    def on(self) -> str:
        """Start the container, behind the guard."""
        machines.press(self._name, layout=self._layout)
        return f"podman switched {self._name} on"

    def off(self, *, force: bool = False) -> str:
        """Stop it through its own systemd, or kill it."""
        machines.power_off(self._name, layout=self._layout, cut=force)
        return f"podman {'cut the power of' if force else 'shut down'} {self._name}"

    def cycle(self) -> str:
        """Cut, wait for off, switch on."""
        return off_then_on(self)

    def state(self) -> PowerFacts:
        """Ask podman."""
        state = machines.container_state(self._name, layout=self._layout)
        # A container that does not exist is off.
        power = Power.OFF if state in {"", *machines.DARK} else Power.ON if state == "running" else Power.UNKNOWN
        return PowerFacts(power, f"podman says {state or 'that it does not exist'}")


def driver(node: str) -> PodmanPower:
    """Return the driver of a node of the lab: what `power: {driver: lab}` names."""
    return PodmanPower(node, LAB)
