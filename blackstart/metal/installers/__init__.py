"""Installers: from a machine that is off to its new system. One file per installer, and the choice between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart import plugin
from blackstart.metal.installers.media import MediaInstaller
from blackstart.metal.installers.netboot import NetbootInstaller

if TYPE_CHECKING:
    from blackstart.metal.installers.base import Installer
    from blackstart.model.cluster import Node


def installer(node: Node) -> Installer:
    """Return the installer that a node's inventory names; nothing is done before its install() is called."""
    match node.install_method:
        case "media":
            return MediaInstaller()
        case "netboot":
            return NetbootInstaller()
        case name:
            found: Installer = plugin.load(name, "installer").installer(node.name)
            return found
