"""An order: the request to install a machine, under an id that the installed system carries.

It is written before anything is erased and closed when the machine is a member again. It holds what is wanted and never
how far the work is: that follows from the id that a machine answers with.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from blackstart.engine import process
from blackstart.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

# On an installed system: {"id": ..., "node": ...}; a live system has the same file with "live": true.
INSTALLATION_FILE = "/etc/blackstart/installation.json"
_ORDERS = "installs"
_ORDER = "order.json"
_KEY = "ssh_host_ed25519_key"


@dataclass(frozen=True, slots=True)
class Order:
    """One order: `id` hexadecimal, `made` in seconds since the epoch, `disk` the boot disk's serial number.

    `host_key` is the public half of the key that the installed system will show ("ssh-ed25519 AAAA...").
    """

    node: str
    id: str
    made: float
    disk: str
    host_key: str


def folder(state: Path, node: str) -> Path:
    """Return the folder of a node's order; what belongs to the order is kept there and deleted with it."""
    return state / _ORDERS / node


def private_key(state: Path, node: str) -> Path:
    """Return the file of the installed system's private host key; mode 0600."""
    return folder(state, node) / _KEY


def place(state: Path, node: str, disk: str, *, order_id: str, now: float) -> Order:
    """Write an order with a new host key under this id. An open order is returned unchanged."""
    if (there := read(state, node)) is not None:
        return there
    room = folder(state, node)
    room.parent.mkdir(mode=0o700, exist_ok=True)
    shutil.rmtree(room, ignore_errors=True)  # of a run that was interrupted before it had written the order itself
    room.mkdir(mode=0o700)
    key = private_key(state, node)
    process.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", node, "-f", key])
    kind, public, *_ = key.with_suffix(".pub").read_text().split()
    order = Order(node, order_id, now, disk, f"{kind} {public}")
    part = room / f"{_ORDER}.part"
    part.write_text(json.dumps(asdict(order), indent=2))
    part.replace(room / _ORDER)
    return order


def read(state: Path, node: str) -> Order | None:
    """Return a node's open order, if there is one. Raises InputError when its file cannot be parsed."""
    path = folder(state, node) / _ORDER
    try:
        return Order(**json.loads(path.read_text()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"the order to install {node} cannot be read from {path}: {error}",
            hint="nothing was changed. Delete its folder to start the rebuild again; finished steps are recognised",
        ) from error


def close(state: Path, node: str) -> None:
    """Delete a node's order with its private host key, which only the machine itself still needs."""
    shutil.rmtree(folder(state, node), ignore_errors=True)
