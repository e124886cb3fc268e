"""Which installer a node's inventory names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.metal.lab import Lab
from blackstart.metal.media import Media
from blackstart.metal.netboot import Netboot

if TYPE_CHECKING:
    from blackstart.metal.installer import Installer
    from blackstart.model.cluster import Node


def installer(node: Node) -> Installer:
    """Return what installs this node; nothing is done before it is asked to."""
    match node.install_method:
        case "lab":
            return Lab()
        case "media":
            return Media()
        case "netboot":
            return Netboot()
