"""Which disks there are, and who each says it is: sysfs and udev's database, never a cache of blkid's."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from ..text import read
from .usage import Device

if TYPE_CHECKING:
    from pathlib import Path

# Made of other disks or of memory: not disks that anybody could name.
_VIRTUAL = ("ram", "zram", "dm-", "md", "sr", "fd", "nbd", "rbd", "drbd", "bcache")
_BY_ID = "disk/by-id/"


class Found(NamedTuple):
    """A whole disk, its partitions, where they start (bytes), where to open it, and what DiskFacts has fields for."""

    device: Device
    partitions: list[Device]
    starts: list[int]
    path: str
    spinning: bool
    identity: dict[str, Any]


def links(root: Path) -> dict[str, str]:
    """Return the kernel name that each name below /dev/disk/by-id points at, whether that exists or not."""
    folder = root / "dev/disk/by-id"
    names = sorted(os.listdir(folder)) if folder.is_dir() else []  # noqa: PTH208 - names are all that is wanted
    return {name: os.path.basename(os.path.realpath(folder / name)) for name in names}  # noqa: PTH119 - as above


def disks(root: Path, pointed: dict[str, str], named: set[str]) -> list[Found]:
    """Return all whole disks in the order of their kernel names; a loop device with a file behind it is one.

    `named` are names below /dev/disk/by-id (or kernel names): what they point at is always listed.
    """
    wanted = {pointed.get(name, name) for name in named}
    folders = sorted((root / "sys/block").iterdir())
    return [_found(root, folder, pointed) for folder in folders if folder.name in wanted or _is_disk(folder)]


def _is_disk(folder: Path) -> bool:
    if folder.name.startswith("loop"):
        return (folder / "loop/backing_file").exists()
    # A path of an NVMe multipath device is hidden: the device itself is listed beside it.
    real = not folder.name.startswith(_VIRTUAL) and read(folder / "hidden") != "1"
    return real and read(folder / "size") not in {"", "0"}


def _found(root: Path, folder: Path, pointed: dict[str, str]) -> Found:
    device = Device(folder.name, read(folder / "dev"), folder)
    parts = [part for part in folder.glob(f"{folder.name}*") if (part / "partition").exists()]
    udev = _udev(root / "run/udev/data" / f"b{device.number}")
    by_id = {name for name, target in pointed.items() if target == device.name}
    by_id |= {link[len(_BY_ID) :] for link in udev.get("S:", "").split() if link.startswith(_BY_ID)}
    path = root / "dev" / folder.name.replace("!", "/")
    identity = {
        "name": device.name,
        "path": f"/dev/{folder.name.replace('!', '/')}",
        "devno": device.number,
        "by_id": sorted(by_id),
        "serial": _serial(folder, udev),
        "wwn": read(folder / "wwid") or read(folder / "device/wwid") or udev.get("ID_WWN", ""),
        "model": read(folder / "device/model") or udev.get("ID_MODEL", ""),
        "transport": _transport(folder, udev),
        "size_bytes": int(read(folder / "size") or 0) * 512,  # sysfs counts 512 bytes whatever the sector (sysfs-block)
        "sector_bytes": int(read(folder / "queue/logical_block_size") or 512),
        "removable": read(folder / "removable") == "1",
        "read_only": read(folder / "ro") == "1",
    }
    partitions = [Device(part.name, read(part / "dev"), part) for part in sorted(parts)]
    # A loop device says that it spins when the disk below it does not say otherwise.
    spinning = read(folder / "queue/rotational") == "1" and not folder.name.startswith("loop")
    starts = [int(read(part / "start") or 0) * 512 for part in sorted(parts)]
    return Found(device, partitions, starts, str(path), spinning, identity)


def _udev(file: Path) -> dict[str, str]:
    """Return the properties (E:) of udev's database, and all links (S:) as one text."""
    lines = read(file).splitlines()
    values = dict(line[2:].split("=", 1) for line in lines if line.startswith("E:") and "=" in line)
    return {**values, "S:": " ".join(line[2:] for line in lines if line.startswith("S:"))}


def _serial(folder: Path, udev: dict[str, str]) -> str:
    """Return what the device says (NVMe, virtio), else udev, else the SCSI page 80h behind its head of 4 bytes."""
    said = read(folder / "device/serial") or read(folder / "serial") or udev.get("ID_SERIAL_SHORT", "")
    if said:
        return said
    try:
        return (folder / "device/vpd_pg80").read_bytes()[4:].decode(errors="replace").strip("\0").strip()
    except OSError:
        return ""


def _transport(folder: Path, udev: dict[str, str]) -> str:
    """Return it in lsblk's words: nvme, sata, usb, sas, virtio, mmc, loop; a fabric by its own name (tcp, rdma)."""
    real = os.path.realpath(folder)
    fabric = read(folder / "device/transport")
    if folder.name.startswith("nvme"):
        return fabric if fabric not in {"", "pcie"} else "nvme"
    for part, word in (("/usb", "usb"), ("/virtio", "virtio"), ("/ata", "sata"), ("/mmc_host", "mmc")):
        if part in real:
            return word
    bus = udev.get("ID_BUS", "")
    if "end_device-" in real:
        return "sas"
    return {"ata": "sata"}.get(bus, bus) or ("loop" if folder.name.startswith("loop") else "")
