"""The lab's network: one bridge on this machine, made only where no other route claims its addresses."""

from __future__ import annotations

import json
from ipaddress import IPv4Network, ip_network
from typing import TYPE_CHECKING

from blackstart.engine import process
from blackstart.errors import RefusedError
from blackstart.words import some

if TYPE_CHECKING:
    from blackstart.lab.layout import Layout
    from blackstart.lab.podman import Podman


def ensure(podman: Podman, layout: Layout) -> None:
    """Create the network unless it is there; RefusedError when one of this machine's routes overlaps it."""
    if layout.network in podman.networks(layout.label):
        return
    routes = [entry["dst"] for entry in json.loads(process.run(["ip", "-json", "-4", "route", "show"]).stdout)]
    if taken := overlapping(layout.subnet, routes):
        raise RefusedError(
            f"the lab needs {layout.subnet}, but this machine has a route to {some(taken)}",
            hint="leave that network (a VPN, another set of containers) while the lab is up",
        )
    addresses = ("--subnet", str(layout.subnet), "--gateway", str(layout.gateway))
    # Without podman's own resolver: the nodes' names are in their /etc/hosts or nowhere, as in the homelab.
    podman.run("network", "create", "--label", layout.label, *addresses, "--disable-dns", layout.network)


def remove(podman: Podman, layout: Layout) -> None:
    """Remove the network if it is there; no container may be left on it."""
    if layout.network in podman.networks(layout.label):
        podman.run("network", "rm", layout.network)


def overlapping(subnet: IPv4Network, routes: list[str]) -> list[str]:
    """Return the routes that share addresses with subnet (pure); the default route claims nothing."""
    return [route for route in routes if route != "default" and ip_network(route, strict=False).overlaps(subnet)]
