"""The machines: how many, their names and addresses, their disks and memory."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from blackstart.model.cluster import is_placeholder
from blackstart.model.problem import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blackstart.model.cluster import Disk
    from blackstart.model.draft import Draft
    from blackstart.model.problem import Keys

# What Kubernetes asks of a node's name (RFC 1123), and one label of it only: it becomes the machine's host name.
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}", re.IGNORECASE)
# Names that the kernel gives in the order in which it finds disks, which is another at each boot.
_KERNEL_NAME = re.compile(r"(/dev/)?(sd[a-z]+\d*|(nvme\d+n\d+|mmcblk\d+)(p\d+)?|vd[a-z]+\d*|dm-\d+|md\d+|loop\d+)")
_BY_ID = "/dev/disk/by-id/"


def even_number(draft: Draft) -> Iterator[Finding]:
    """Yield an even number of etcd members: it survives no more losses than one fewer, and one more can fail."""
    count = len(draft.nodes)
    if count % 2 == 0 and count:
        message = f"found {count} control planes ({', '.join(draft.nodes)}), wanted an odd number"
        yield Finding(
            ("control_plane",), message, f"{count} survive no more losses than {count - 1}: add or remove one"
        )


def names(draft: Draft) -> Iterator[Finding]:
    """Yield names that cannot be a host name and a Kubernetes name, both of which they become."""
    for node in draft.nodes:
        if not _LABEL.fullmatch(node):
            message = f"found the node name {node!r}, wanted letters a-z, digits and dashes, at most 63"
            yield Finding((node,), message, "it becomes the host name and the Kubernetes name", node)


def duplicates(draft: Draft) -> Iterator[Finding]:
    """Yield addresses, MAC addresses and disks that two nodes share, or one node names twice."""
    claims: defaultdict[tuple[str, str], list[tuple[str, Keys]]] = defaultdict(list)
    for kind, value, node, keys in (*_interfaces(draft), *_disks(draft)):
        if value and not is_placeholder(value):
            claims[kind, value.removeprefix(_BY_ID)].append((node, keys))
    for (kind, value), owners in claims.items():
        for node, keys in owners[1:]:
            if kind == "disk" and _boot_and_ceph(owners):
                continue
            message = f"{node} has the {kind} {value}, which {owners[0][0]} has already"
            yield Finding(keys, message, f"each {kind} belongs to one machine, once", node)


def _interfaces(draft: Draft) -> Iterator[tuple[str, str, str, Keys]]:
    """Yield (kind, value, node, keys) of addresses and MAC addresses."""
    for node, address in draft.each("ansible_host"):
        yield "address", str(address), node, ("ansible_host",)
    for nic in ("nic_lan", "nic_storage"):
        for node, value in draft.each(nic):
            if value.address and value.address != draft.nodes[node].get("ansible_host"):
                yield "address", str(value.address), node, (nic, "address")
            yield "MAC address", value.mac if is_placeholder(value.mac) else value.mac.lower(), node, (nic, "mac")


def _disks(draft: Draft) -> Iterator[tuple[str, str, str, Keys]]:
    """Yield (kind, value, node, keys) of all disks by id and by serial number, a node's boot disk first."""
    for node, disks in draft.each("disks"):
        places: list[tuple[Keys, Disk]] = [(("disks", "boot"), disks.boot)]
        places += [(("disks", "ceph", index), disk) for index, disk in enumerate(disks.ceph)]
        for keys, disk in places:
            yield "disk", disk.id, node, (*keys, "id")
            yield "serial number", disk.serial, node, (*keys, "serial")


def _boot_and_ceph(owners: list[tuple[str, Keys]]) -> bool:
    return len({node for node, _ in owners}) == 1 and any("boot" in keys for _, keys in owners)


def boot_disk_is_ceph(draft: Draft) -> Iterator[Finding]:
    """Yield boot disks that are Ceph disks, too: an installation erases them, and data would be lost."""
    for node, disks in draft.each("disks"):
        for index, disk in enumerate(disks.ceph):
            if disk.id.removeprefix(_BY_ID) == disks.boot.id.removeprefix(_BY_ID) and not is_placeholder(disk.id):
                message = f"{disk.id} is the boot disk of {node} and a Ceph disk of it; wanted: one or the other"
                hint = "an installation would erase the data: name the disk that the system is on"
                yield Finding(("disks", "ceph", index, "id"), message, hint, node)


def disk_names(draft: Draft) -> Iterator[Finding]:
    """Yield disks that are not named below /dev/disk/by-id: what is sda today is another disk tomorrow."""
    for kind, name, node, keys in _disks(draft):
        if kind != "disk" or is_placeholder(name):
            continue
        if _KERNEL_NAME.fullmatch(name):
            message = f"found {name}, wanted a name below {_BY_ID}: kernel names change from boot to boot"
            yield Finding(keys, message, f"on the node: ls -l {_BY_ID}", node)
        elif name.startswith(_BY_ID):
            yield Finding(keys, f"found {name}, wanted the name alone", f"write {name.removeprefix(_BY_ID)}", node)
        elif "/" in name or " " in name:
            yield Finding(keys, f"found {name!r}, wanted a name below {_BY_ID}", f"on the node: ls -l {_BY_ID}", node)
        elif re.search(r"-part\d+$", name):
            whole = re.sub(r"-part\d+$", "", name)
            yield Finding(keys, f"found the partition {name}, wanted a whole disk", f"write {whole}", node)


def wishes_to_wipe(draft: Draft) -> Iterator[Finding]:
    """Yield disks that are to be wiped under another serial number than their own: one of the two is wrong."""
    for node, disks in draft.each("disks"):
        places: list[tuple[Keys, Disk]] = [(("disks", "boot"), disks.boot)]
        places += [(("disks", "ceph", index), disk) for index, disk in enumerate(disks.ceph)]
        for keys, disk in places:
            if disk.wipe and disk.serial and disk.wipe != disk.serial:
                message = f"found {disk.wipe}, wanted {disk.serial}, the serial number of the same disk"
                yield Finding((*keys, "wipe"), message, "write the number that is on the disk to be erased", node)


def mac_addresses(draft: Draft) -> Iterator[Finding]:
    """Yield MAC addresses that are none: they tell an interface when firmware gives it another name."""
    for nic in ("nic_lan", "nic_storage"):
        for node, value in draft.each(nic):
            if value.mac and not is_placeholder(value.mac) and not MAC.fullmatch(value.mac):
                message = f"found {value.mac!r}, wanted six pairs such as 02:42:0a:4d:0d:0d"
                yield Finding((nic, "mac"), message, "on the node: ip -brief link", node)
