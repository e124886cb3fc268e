"""Who uses which block device now: mounts, swap, holders, and programs that have it open."""

from __future__ import annotations

import errno
import os
import re
import stat
from pathlib import Path
from typing import Any, NamedTuple

from ..text import read

# They open disks for a moment to read them, after each change of the disk.
_PASSERS_BY = ("systemd-udevd", "udev-worker", "(udev-worker)", "udevd")


class Device(NamedTuple):
    """A disk or a partition of it: kernel name, "major:minor", its folder in sysfs."""

    name: str
    number: str
    folder: Path


class Uses:
    """What /proc says of all devices, read once."""

    def __init__(self, root: Path) -> None:
        """Read below root ("/" on a node)."""
        self._root = root
        mounts = _lines(root / "proc/self/mountinfo")
        self._mounts = [mount for mount in (_mount(line) for line in mounts) if mount]
        self._swaps = [Path(_plain(line.split()[0])).name for line in _lines(root / "proc/swaps")[1:] if line.split()]
        self._open = _open_devices(root / "proc")

    def of(self, devices: list[Device]) -> list[dict[str, Any]]:
        """Return what is done with a disk and its partitions, as the fields of Use."""
        return [use for device in devices for use in self._one(device)]

    def _one(self, device: Device) -> list[dict[str, Any]]:
        found = self._mounted(device, device.name, "")
        for holder in self._above(device):
            found.append(_use("holder", device.name, holder.name, self._virtual(holder.name)))
            found += self._mounted(holder, device.name, f"through {holder.name}")
        found += [_use("open", device.name, who) for who in self._open.get(device.number, [])]
        return found

    def _mounted(self, device: Device, on: str, detail: str) -> list[dict[str, Any]]:
        """Return where a device is mounted, or that it is swap, as uses of the disk or partition below it."""
        points = [what for number, source, what in self._mounts if device.number == number or device.name == source]
        found = [_use("mount", on, what, detail) for what in dict.fromkeys(points)]
        return [*found, *([_use("swap", on, "", detail)] if device.name in self._swaps else [])]

    def _above(self, device: Device) -> list[Device]:
        """Return what is built on a device (LVM, LUKS, an array), and what is built on that."""
        folder = device.folder / "holders"
        found = []
        for name in sorted(os.listdir(folder)) if folder.is_dir() else []:  # noqa: PTH208 - names are all that is wanted
            holder = Device(name, read(self._root / "sys/block" / name / "dev"), self._root / "sys/block" / name)
            found += [holder, *self._above(holder)]
        return found

    def _virtual(self, holder: str) -> str:
        """Say what a holder is: device-mapper's name and owner, or the kind of array."""
        folder = self._root / "sys/block" / holder
        name, owner = read(folder / "dm/name"), read(folder / "dm/uuid").partition("-")[0]
        level = read(folder / "md/level")
        return " ".join(word for word in (owner, name, level) if word)


def claimed(path: str) -> bool:
    """Tell whether the kernel refuses the disk to a second exclusive user (open(2), O_EXCL on a block device).

    It sees what /proc does not show here: a mount in another container, an array being assembled.
    """
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC))
    except OSError as error:
        return error.errno == errno.EBUSY
    return False


def claim(name: str) -> dict[str, Any]:
    """Return the use that claimed() found."""
    return _use("claim", name, "")


def _use(kind: str, on: str, what: str, detail: str = "") -> dict[str, Any]:
    return {"kind": kind, "on": on, "what": what, "detail": detail}


def _mount(line: str) -> tuple[str, str, str] | None:
    """Return (number, device's name, mount point) of a line (proc_pid_mountinfo(5)).

    btrfs mounts under a number of no device; then the source's name tells.
    """
    fields, _, rest = line.partition(" - ")
    words, source = fields.split(), rest.split()
    if len(words) < 5 or len(source) < 2:  # noqa: PLR2004 - root, mount point; type, source
        return None
    device = os.path.realpath(_plain(source[1])) if source[1].startswith("/dev/") else ""
    return words[2], os.path.basename(device), _plain(words[4])  # noqa: PTH119 - a text, not a path to follow


def _plain(text: str) -> str:
    r"""Undo the kernel's octal escapes (\040 is a space)."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found.group(1), 8)), text)


def _open_devices(proc: Path) -> dict[str, list[str]]:
    """Return the programs that have a block device open, by "major:minor", as "ceph-osd (process 812)".

    By the device's number and not its name: in a container the node has another.
    """
    found: dict[str, list[str]] = {}
    for process in (
        entry.name for entry in os.scandir(proc) if entry.name.isdigit() and entry.name != str(os.getpid())
    ):
        try:
            opened = list(os.scandir(proc / process / "fd"))
        except OSError:  # it has ended, or is not ours to look at
            continue
        for number in {_number(entry.path) for entry in opened} - {""}:
            name = read(proc / process / "comm")
            if name not in _PASSERS_BY:
                found.setdefault(number, []).append(f"{name} (process {process})")
    return found


def _number(opened: str) -> str:
    """Return the "major:minor" of the block device that a descriptor of a process stands for; empty for others."""
    try:
        if not os.readlink(opened).startswith("/"):  # noqa: PTH115 - thousands of them; this is a socket or a pipe
            return ""
        status = os.stat(opened)  # noqa: PTH116 - as above
    except OSError:
        return ""
    return f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}" if stat.S_ISBLK(status.st_mode) else ""


def _lines(path: Path) -> list[str]:
    return read(path).splitlines()
