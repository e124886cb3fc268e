"""An inventory for a practice machine: the homelab's, moved to the practice network, its first node the machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.support.metal import live
from tests.support.metal.machine import ARGUMENTS, DISK_BYTES

if TYPE_CHECKING:
    from tests.support.metal.machine import Machine

NODE = "melchior-1"
LINE = f"{ARGUMENTS} ds=nocloud;s={{seed}}"
HOMELAB = Path(__file__).parents[3] / "inventory" / "homelab"
# Its other nodes are on paper alone.
_HOSTS = {NODE: 13, "balthasar-2": 14, "casper-3": 15}


def write(
    folder: Path,
    machine: Machine,
    live_system: Path,
    archive: Path,
    *,
    board: str = "",
    line: str = LINE,
    power: dict[str, Any] | None = None,
) -> list[Path]:
    """Write it, and return the inventories that are meant.

    board is the machine's own serial number unless given, line what the live system's kernel is told, power how its
    button is pressed, which is by another process unless given.
    """
    network = machine.lan.network
    hosts = {name: {"ansible_host": str(network[last])} for name, last in _HOSTS.items()}
    everywhere: dict[str, Any] = {
        "cluster_name": "metal",
        "network_nodes": str(network),
        "network_gateway": str(machine.lan.router),
        "network_dns": [],
        "network_reserved": [],
        "endpoint_address": str(network[20]),
        "gitops_repository": "https://git.example.org/practice.git",
        "arch_mirror": "bundle",
        "arch_kernel_arguments": ARGUMENTS.split(),
        "bundle_path": str(archive),
        "netboot_path": str(live_system),
        "netboot_kernel": live.KERNEL,
        "netboot_initrds": [live.CPIO],
        "netboot_command_line": line,
    }
    boot, *ceph = [
        {"id": machine.by_id(serial), "serial": serial, "size_gb": DISK_BYTES // 10**9} for serial in machine.serials
    ]
    button = [sys.executable, "-m", "tests.support.metal.button", str(machine.folder), "{action}"]
    ours = {
        "disks": {"boot": boot, "ceph": ceph},
        "nic_lan": {"name": "lan", "mac": machine.mac},
        "board_serial": board or machine.board,
        "power": power or {"driver": "hook", "command": button},
    }
    _write(folder / "hosts.yml", {"all": {"children": {"control_plane": {"hosts": hosts}}}})
    _write(folder / "group_vars" / "all" / "practice.yml", everywhere)
    _write(folder / "host_vars" / f"{NODE}.yml", ours)
    return [HOMELAB, folder]


def _write(file: Path, content: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(content))
