"""The seed of a live system: its ssh host key, the authorised key, its address, and the order that it belongs to.

All keys are made for one order, kept in its folder and deleted with it. cloud-init, which Arch's official ISO has,
reads them from a NoCloud seed (https://docs.cloud-init.io, NoCloud): over HTTP after a network boot, else from a volume
with the label CIDATA.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from blackstart.engine import process
from blackstart.metal import order as orders
from blackstart.metal.http import hyphens

if TYPE_CHECKING:
    from pathlib import Path

    from blackstart.metal.order import Order
    from blackstart.model.cluster import Cluster, Netboot

_ROOM, _HOST_KEY, _OWN_KEY, _TOKEN = "live", "ssh_host_ed25519_key", "id_ed25519", "token"
_NETWORK = "/etc/systemd/network/05-blackstart.network"  # before 20-ethernet.network of the ISO, which uses DHCP


@dataclass(frozen=True, slots=True)
class LiveKeys:
    """The keys of one order's live system; folder has id_ed25519 and known_hosts, as ssh and Ansible expect them."""

    folder: Path
    token: str

    @property
    def host_key(self) -> Path:
        """Return the file of the live system's host key."""
        return self.folder / _HOST_KEY


def prepare(desired: Cluster, state: Path, order: Order, *, token: str) -> LiveKeys:
    """Return the keys of an order's live system, made unless they exist. The token is hard to guess."""
    folder = orders.folder(state, order.node) / _ROOM
    told = LiveKeys(folder, token)
    if (folder / _TOKEN).is_file():  # written last
        return LiveKeys(folder, (folder / _TOKEN).read_text())
    folder.mkdir(mode=0o700, exist_ok=True)
    for name in (_HOST_KEY, _OWN_KEY):
        (folder / name).unlink(missing_ok=True)
        process.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"live-{order.id}", "-f", folder / name])
    (folder / "known_hosts").write_text(f"{desired.node(order.node).known_as} {_public(told.host_key)}\n")
    (folder / _TOKEN).write_text(token)
    return told


def _public(key: Path) -> str:
    kind, public, *_ = key.with_suffix(".pub").read_text().split()
    return f"{kind} {public}"


def seed(desired: Cluster, order: Order, told: LiveKeys) -> dict[str, str]:
    """Return the NoCloud seed's files by name."""
    own = _public(told.folder / _OWN_KEY)
    settings = {
        "disable_root": False,
        "ssh_pwauth": False,
        "users": [{"name": "root", "ssh_authorized_keys": [own]}],
        "ssh_deletekeys": True,
        "ssh_keys": {"ed25519_private": told.host_key.read_text(), "ed25519_public": _public(told.host_key)},
        "write_files": [
            {"path": orders.INSTALLATION_FILE, "content": json.dumps(installation(order)), "permissions": "0644"},
            {"path": _NETWORK, "content": _address(desired, order), "permissions": "0644"},
        ],
        "runcmd": [["networkctl", "reload"]],
    }
    return {
        # JSON is YAML.
        "user-data": f"#cloud-config\n{json.dumps(settings, indent=1)}\n",
        "meta-data": json.dumps({"instance-id": order.id, "local-hostname": order.node}) + "\n",
        # cloud-init requests these as well, ten times when they are missing.
        "vendor-data": "",
        "network-config": "",
    }


def installation(order: Order) -> dict[str, object]:
    """Return the live system's installation file."""
    return {"id": order.id, "node": order.node, "live": True}


def _address(desired: Cluster, order: Order) -> str:
    """Return the network file that adds the node's own address, whatever DHCP gave (systemd.network(5))."""
    node, network = desired.node(order.node), desired.network
    lines = ["[Match]", f"MACAddress={node.nic_lan.mac}", "[Network]"]
    lines += [f"Address={node.ansible_host}/{network.nodes.prefixlen}"]
    lines += [f"Gateway={network.gateway}"] if network.gateway else []
    lines += [f"DNS={server}" for server in network.dns]
    return "".join(f"{line}\n" for line in lines)


def script(netboot: Netboot, url: str, mac: str, token: str) -> str:
    """Return the iPXE script that boots the live system with this seed (pure).

    When a download fails, the machine continues with the next boot entry of its firmware.
    """
    live = f"{url}/live/"
    words = netboot.command_line
    for name, value in {"live": live, "seed": f"{url}/seed/{token}/", "mac": hyphens(mac)}.items():
        words = words.replace(f"{{{name}}}", value)
    names = [(name, name.rpartition("/")[2]) for name in netboot.initrds]
    # Kernels of EFI machines read it by this name; iPXE's script has no other way to pass it.
    loaded = " ".join(f"initrd={short}" for _, short in names)
    lines = [f"kernel {live}{netboot.kernel} {loaded} {words} || exit 1"]
    lines += [f"initrd --name {short} {live}{name} || exit 1" for name, short in names]
    return "\n".join(["#!ipxe", *lines, "boot || exit 1", ""])
