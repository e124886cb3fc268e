"""Everything that a network boot needs from this machine, in one block: DHCP and TFTP, and the files by HTTP."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from blackstart.errors import InputError
from blackstart.metal import files, http, pxe
from blackstart.metal.boot_progress import BootProgress
from blackstart.metal.http import Boots

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from blackstart.model.cluster import Cluster
    from blackstart.power.waits import Say


def own_address(desired: Cluster) -> IPv4Address:
    """Return this machine's own address on the node network, InputError when it has none. Sends nothing."""
    network = desired.network.nodes
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((str(desired.nodes[0].ansible_host), 9))
            address = IPv4Address(probe.getsockname()[0])
        except OSError as error:
            raise InputError(
                f"there is no route to the node network {network}: {error.strerror}",
                hint="network boots must be served from a machine on that network: ip -brief address",
            ) from error
    if address not in network:
        raise InputError(
            f"this machine reaches the nodes from {address}, which is not on the node network {network}",
            hint="firmware uses broadcasts, which stay on their network: run this on a machine that is on it",
        )
    return address


@contextmanager
def serving(desired: Cluster, state: Path, say: Say, *, port: int = http.PORT) -> Iterator[Boots]:
    """Serve network boots of the inventory's machines while the block runs; no install is authorised to begin with.

    Raises InputError when something is missing here, or a port is in use.
    """
    boots = Boots(files.served(desired), BootProgress(say))
    address = own_address(desired)
    with (
        http.serve(boots, str(address), port) as url,
        pxe.answering(desired, address, url, state / "netboot", boots.asked),
    ):
        yield boots
