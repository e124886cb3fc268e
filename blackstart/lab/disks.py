"""Practice disks: sparse files of this machine as block devices of the nodes, with names that udev gives in the node.

A disk is its file, as a real one is its serial number: the loop device behind which the file is may have another
number after each start, and the rules in the node find it by the file. Loop devices from guard.RESERVED up are the
practice cluster's, those below are the machine's.
"""

from __future__ import annotations

from fnmatch import fnmatch
from typing import TYPE_CHECKING

from blackstart.errors import RefusedError
from blackstart.lab import loops
from blackstart.lab.guard import RESERVED
from blackstart.lab.layout import LAB

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from blackstart.lab.layout import Disk, Layout

# What the kernel shows of a practice disk of any set; node/root/usr/local/sbin/blackstart-node-init has it, too.
PRACTICE = "*/blackstart/*/nodes/*/disks/*"
RULES = "etc/udev/rules.d/10-blackstart-disks.rules"  # before 60-persistent-storage.rules, which reads the device
_BY_ID = "disk/by-id"


def file(layout: Layout, disk: Disk) -> Path:
    """Return the sparse file that is the disk."""
    return layout.state.resolve() / "nodes" / disk.node / "disks" / disk.serial


def ensure(layout: Layout, names: Iterable[str] | None = None) -> None:
    """Make and attach the disks of these nodes (default: of all) where they are missing; blank ones appear.

    RefusedError when a loop device of the reserved numbers belongs to somebody else: nodes could open it.
    """
    there = loops.attached()
    for number, backing in there.items():
        if number >= RESERVED.start and not fnmatch(backing, PRACTICE):
            raise RefusedError(
                f"loop{number} is {backing}; loop devices from {RESERVED.start} up are the practice cluster's alone",
                hint=f"detach it (losetup --detach /dev/loop{number}) and attach it below {RESERVED.start}",
            )
        if backing.endswith(" (deleted)") and _is_of(layout, backing):
            loops.detach(number)
    for name in layout.names if names is None else names:
        for disk in layout.disks[name]:
            _make(layout, disk)
            if str(file(layout, disk)) not in there.values():
                loops.attach(file(layout, disk))


def pull(node: str, disk_id: str, *, layout: Layout = LAB) -> None:
    """Detach one disk from a node, as if it were pulled out; RefusedError while it is in use."""
    number = _number(layout, layout.disk(node, disk_id))
    if number is not None:
        loops.detach(number)


def put_back(node: str, disk_id: str, *, layout: Layout = LAB) -> None:
    """Attach one of its disks to a node again, with its data; its kernel name may change."""
    disk = layout.disk(node, disk_id)
    if _number(layout, disk) is None:
        loops.attach(file(layout, disk))


def rules(layout: Layout, node: str) -> str:
    """Return the udev rules by which a node knows its own disks, and what their controllers would say of them (pure).

    The node's /dev is its own, so device nodes are made and removed here as well (kernel devtmpfs does it elsewhere).
    Property names: systemd 60-persistent-storage.rules, NVMe part; lsblk reads the same (lsblk-properties.c).
    """
    lines = ['ACTION=="remove", SUBSYSTEM=="block", KERNEL=="loop*", RUN+="/bin/rm -f /dev/%k"']
    for disk in layout.disks[node]:
        backing = f"*/blackstart/{layout.cluster}/nodes/{node}/disks/{disk.serial}"
        words = [
            'ACTION!="remove"',
            'SUBSYSTEM=="block"',
            f'ATTR{{loop/backing_file}}=="{backing}"',
            "PROGRAM==\"/bin/sh -c '[ -b /dev/%k ] || mknod -m 0660 /dev/%k b %M %m'\"",
            f'ENV{{ID_SERIAL}}="{disk.model}_{disk.serial}"',
            f'ENV{{ID_SERIAL_SHORT}}="{disk.serial}"',
            f'ENV{{ID_MODEL}}="{disk.model}"',
            f'ENV{{ID_WWN}}="{disk.wwn}"',
            f'SYMLINK+="{_BY_ID}/{disk.id} {_BY_ID}/nvme-{disk.wwn}"',
        ]
        lines.append(", ".join(words))
    return "\n".join(lines) + "\n"


def _make(layout: Layout, disk: Disk) -> None:
    path = file(layout, disk)
    path.parent.mkdir(parents=True, exist_ok=True)
    size = path.stat().st_size if path.exists() else 0
    if size == 0:  # new, or its making was interrupted
        with path.open("ab") as stream:
            stream.truncate(disk.size)
    elif size != disk.size:
        raise RefusedError(
            f"the practice disk {path} has {size} bytes, wanted {disk.size}",
            hint="it was made by another version: `blackstart lab down` and `lab up` start over",
        )


def _number(layout: Layout, disk: Disk) -> int | None:
    wanted = str(file(layout, disk))
    return next((number for number, backing in loops.attached().items() if backing == wanted), None)


def _is_of(layout: Layout, backing: str) -> bool:
    return fnmatch(backing, f"{layout.state.resolve()}/nodes/*/disks/*")
