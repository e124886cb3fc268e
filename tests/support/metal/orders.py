"""A cluster, an order and what its live system is told, for tests of bare metal."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING

from blackstart.metal import live_seed, order
from blackstart.model.cluster import Cluster, Netboot
from blackstart.model.load import load

if TYPE_CHECKING:
    from blackstart.metal.live_seed import LiveKeys
    from blackstart.metal.order import Order

ROOT = Path(__file__).parents[3]
NODE, MAC = "melchior-1", "52:54:00:AA:00:01"
COMMAND = "live={live} ds=nocloud;s={seed} BOOTIF=01-{mac}"


def cluster(live: Path, *, network: str = "10.66.0.0/24", mac: str = MAC, iso_sha256: str = "") -> Cluster:
    """Return the homelab's cluster on another network, with a live system of one kernel and one initrd in a folder."""
    desired, _ = load([ROOT / "inventory" / "homelab"])
    nodes = IPv4Network(network)
    netboot = Netboot(
        path=live, kernel="boot/vmlinuz", initrds=("boot/initrd.img",), command_line=COMMAND, iso_sha256=iso_sha256
    )
    first = desired.node(NODE)
    changed = first.model_copy(
        update={"ansible_host": nodes[13], "nic_lan": first.nic_lan.model_copy(update={"mac": mac})}
    )
    place = desired.network.model_copy(update={"nodes": nodes, "gateway": nodes[1], "dns": (IPv4Address("9.9.9.9"),)})
    others = tuple(node for node in desired.nodes if node.name != NODE)
    return desired.model_copy(
        update={"nodes": (changed, *others), "network": place, "netboot": netboot, "bundle_path": live.parent}
    )


def live_files(folder: Path) -> Path:
    """Write the live system's two files."""
    (folder / "boot").mkdir(parents=True)
    (folder / "boot" / "vmlinuz").write_bytes(b"kernel" * 100)
    (folder / "boot" / "initrd.img").write_bytes(b"initrd" * 100)
    return folder


def told(desired: Cluster, state: Path) -> tuple[Order, LiveKeys]:
    """Place an order and make what its live system is told."""
    placed = order.place(state, NODE, "SERIAL-1", order_id="ab12", now=1.0)
    return placed, live_seed.prepare(desired, state, placed, token="hard-to-guess")  # noqa: S106 - the test's own
