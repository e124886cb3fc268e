"""Which installer a node's inventory names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.errors import InputError
from blackstart.metal.lab import Lab

if TYPE_CHECKING:
    from blackstart.metal.installer import Installer
    from blackstart.model.cluster import Node


def installer(node: Node) -> Installer:
    """Return what installs this node; nothing is done before it is asked to."""
    if node.install_method == "lab":
        return Lab()
    raise InputError(f"{node.install_method} is not there yet", hint="install_method: lab")
