"""Whether a name of the inventory is the disk that its owner means: machine, link, serial number, size, transport."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from blackstart.disks.verdict import Code, Reason
from blackstart.model.cluster import is_placeholder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blackstart.disks.facts import DiskFacts, DiskTable
    from blackstart.model import cluster
    from blackstart.model.cluster import Node

BY_ID = "/dev/disk/by-id/"
# Makers' "2 TB" is 2000 or 2048 GB; the next size that is sold below 2000 is 1920, 4 % away.
TOLERANCE = 0.03
GB = 1e9


def plain(name: str) -> str:
    """Return the name alone, without /dev/disk/by-id/ before it."""
    return name.removeprefix(BY_ID)


def find(name: str, table: DiskTable) -> DiskFacts | None:
    """Return the whole disk that a name points at, None when it points at none."""
    target = table.links.get(plain(name))
    return table.disk(target) if target else None


def another_board(node: Node, serial: str) -> str:
    """Say that a mainboard is another than the node's; empty while firmware or the inventory has no serial number.

    A boot disk takes a node's address and host key along into any machine that it is put into.
    """
    wanted = node.board_serial
    if not serial or not wanted or is_placeholder(wanted) or serial == wanted:
        return ""
    return (
        f"found the mainboard with serial number {serial}, wanted {wanted}: these are the disks of another machine "
        f"than {node.name}"
    )


def reasons(node: Node, wanted: cluster.Disk, table: DiskTable) -> Iterator[Reason]:
    """Yield why what the name points at is not the disk that is meant, or may not be."""
    name, seen = plain(wanted.id), find(wanted.id, table)
    if said := another_board(node, table.board_serial):
        yield Reason(
            Code.BOARD,
            said,
            f"grep -r {table.board_serial} host_vars says whose it is: put the disks back where they belong; or, if "
            f"{node.name}'s board was replaced: board_serial: {table.board_serial} in host_vars/{node.name}.yml",
        )
    if seen is None:
        yield _absent(node, wanted, table)
        return
    rivals = [disk.name for disk in table.disks if name in disk.by_id and disk.name != seen.name]
    if rivals:
        yield Reason(
            Code.LINKS_FIGHT,
            f"{name} points at {seen.name}, and {', '.join(rivals)} claims the same name: which of them it is changes "
            "from boot to boot; wanted: a name that one disk has",
            f"on {node.name}: ls -l {BY_ID}, and name both by what only one has (nvme-eui.…, wwn-…)",
        )
    yield from _serial(node, wanted, seen, table)
    yield from _kind(node, wanted, seen)


def _absent(node: Node, wanted: cluster.Disk, table: DiskTable) -> Reason:
    name, here = plain(wanted.id), f"host_vars/{node.name}.yml"
    if is_placeholder(name):
        boot = next((disk for disk in table.disks if disk.runs_the_system and disk.by_id), None)
        if boot and wanted == node.disks.boot:
            hint = f"the running system is on {boot.name}: write {boot.by_id[0]} into {here}"
        else:
            hint = f"on {node.name}: ls -l {BY_ID}, then write the name into {here}"
        return Reason(Code.PLACEHOLDER, f"found the placeholder {name}, wanted the disk's name", hint)
    target = table.links.get(name)
    virtual = target is not None and (target.startswith(("dm-", "md")) or _parent(target, table) is not None)
    if virtual:
        text = f"{name} points at {target}, which is no whole disk; wanted: a whole disk"
        return Reason(Code.POINTS_ELSEWHERE, text, f"on {node.name}: lsblk -s /dev/{target}, then name the disk itself")
    claims = [disk.name for disk in table.disks if name in disk.by_id]
    if claims:
        text = f"udev knows {name} as a name of {', '.join(claims)}, and the link is not there"
        return Reason(Code.MISSING, text, f"on {node.name}: udevadm trigger --subsystem-match=block")
    where = f"points at {target}, which is not there (any more)" if target else f"is not below {BY_ID}"
    return Reason(Code.MISSING, f"{name} {where}; wanted: a disk", _nearest_name(node, wanted, table))


def _nearest_name(node: Node, wanted: cluster.Disk, table: DiskTable) -> str:
    same = next((disk for disk in table.disks if wanted.serial and disk.serial == wanted.serial and disk.by_id), None)
    if same:
        return f"serial number {wanted.serial} is here as {same.by_id[0]}: write that into host_vars/{node.name}.yml"
    names = [link for disk in table.disks for link in disk.by_id]
    close = get_close_matches(plain(wanted.id), names, n=1, cutoff=0.8)
    look = f"on {node.name}: ls -l {BY_ID}, and look at power, cable and `journalctl -k -g nvme`"
    return f"did you mean {close[0]}? else {look}" if close else look


def _parent(target: str, table: DiskTable) -> DiskFacts | None:
    return next((disk for disk in table.disks if target != disk.name and target.startswith(disk.name)), None)


def _serial(node: Node, wanted: cluster.Disk, seen: DiskFacts, table: DiskTable) -> Iterator[Reason]:
    if wanted.serial and wanted.serial != seen.serial:
        text = f"found the serial number {seen.serial or '(none)'} on {seen.path}, wanted {wanted.serial}"
        yield Reason(Code.SERIAL, text, _nearest_serial(node, wanted, table))
    twins = [disk.path for disk in table.disks if seen.serial and disk.serial == seen.serial and disk.name != seen.name]
    if twins:
        yield Reason(
            Code.SERIAL_TWICE,
            f"{seen.path} and {', '.join(twins)} both have the serial number {seen.serial}: it tells neither of them; "
            "wanted: a serial number that one disk has",
            f"on {node.name}: lsblk -o NAME,SERIAL,WWN; two paths to one disk (multipath): leave it one path",
        )


def _nearest_serial(node: Node, wanted: cluster.Disk, table: DiskTable) -> str:
    serials = {disk.serial: disk for disk in table.disks if disk.serial}
    close = get_close_matches(wanted.serial, serials, n=1, cutoff=0.6)
    if not close:
        return f"on {node.name}: lsblk -d -o NAME,SERIAL,SIZE, and compare with the label on the disk"
    disk = serials[close[0]]
    name = f", {disk.by_id[0]}" if disk.by_id else ""
    if close[0] == wanted.serial:
        return f"that number is on {disk.path}{name}: correct the id in host_vars/{node.name}.yml"
    return f"did you mean {close[0]} ({disk.path}{name})? correct it in host_vars/{node.name}.yml"


def _kind(node: Node, wanted: cluster.Disk, seen: DiskFacts) -> Iterator[Reason]:
    size = seen.size_bytes / GB
    if abs(size - wanted.size_gb) > TOLERANCE * wanted.size_gb:
        text = f"found {size:.1f} GB on {seen.path}, wanted {wanted.size_gb} GB (within {TOLERANCE:.0%})"
        yield Reason(Code.SIZE, text, f"on {node.name}: lsblk -b -d {seen.path}, and compare with size_gb")
    if wanted.transport and wanted.transport != seen.transport:
        text = f"found {seen.transport or 'no transport'} on {seen.path}, wanted {wanted.transport}"
        yield Reason(Code.TRANSPORT, text, f"on {node.name}: lsblk -d -o NAME,TRAN,MODEL; is it in an enclosure?")
    elif not wanted.transport and seen.transport == "usb":
        text = f"found usb on {seen.path}, wanted a disk inside the machine: a cable is pulled too easily"
        yield Reason(
            Code.TRANSPORT, text, f"if it is meant, `transport: usb` at this disk in host_vars/{node.name}.yml"
        )
    if seen.removable:
        text = f"{seen.path} calls itself removable, as memory sticks do; wanted: a fixed disk"
        yield Reason(Code.REMOVABLE, text, f"on {node.name}: cat /sys/block/{seen.name}/removable")
    if seen.read_only:
        text = f"{seen.path} is read-only; wanted: a disk that can be written"
        yield Reason(Code.READ_ONLY, text, f"on {node.name}: blockdev --getro {seen.path}; smartctl -H {seen.path}")
