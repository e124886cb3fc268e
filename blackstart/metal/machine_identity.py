"""Whether a machine is the one that the inventory names: checked before anything is erased.

The role arch_install checks its boot disk before it writes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.errors import RefusedError
from blackstart.model.cluster import is_placeholder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from blackstart.engine.ssh import Fleet
    from blackstart.model.cluster import Node

_BOARD = "/sys/class/dmi/id/board_serial"
_LOOK = f"cat {_BOARD} 2>/dev/null || echo; cat /sys/class/net/*/address"
_LOOPBACK = "00:00:00:00:00:00"


def prove(fleet: Fleet, node: Node) -> None:
    """Raise RefusedError with every difference to the inventory, or when that has nothing to identify a machine by."""
    board, *addresses = fleet.run(node.name, ["sh", "-c", _LOOK]).out.split("\n")
    wrong = list(reasons(node, board.strip(), [mac for line in addresses if (mac := line.strip())]))
    if wrong:
        raise RefusedError(
            f"{node.name} is not installed, nothing on it was changed: {'; '.join(wrong)}",
            hint=f"it stays in its live system. Correct host_vars/{node.name}.yml, or find out which machine it is "
            "(its console, its labels), then run the same command again",
        )


def reasons(node: Node, board: str, addresses: Sequence[str]) -> Iterator[str]:
    """Yield why a machine is not the node; addresses are the MAC addresses of its interfaces (pure)."""
    serial, mac = _told(node.board_serial), _told(node.nic_lan.mac).lower()
    if not serial and not mac:
        yield "neither board_serial nor nic_lan.mac is in the inventory, so it cannot be identified"
    if serial and board != serial:
        yield f"its board's serial number is {board or '(none)'}, wanted {serial}"
    if mac and mac not in addresses:
        have = ", ".join(address for address in addresses if address != _LOOPBACK)
        yield f"its interfaces have the MAC addresses {have or '(none)'}, wanted {mac} among them"


def _told(value: str) -> str:
    return "" if is_placeholder(value) else value
