"""Every disk of the node in one look: who it is, who uses it, what is on it, and whether it is blank. Writes nothing.

Blankness is proven for the disks that are named alone, by reading them; of others only marks are looked for.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

from .. import board
from ..parallel import together
from . import blankness, bluestore, devices, signatures, usage
from .reader import Reader, Unreadable


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Look: request {"named": [names below /dev/disk/by-id], "full": bool, "seed": text, "root": "/"}.

    `full` reads named disks from end to end, `seed` says where else samples lie; another `root` is for tests.
    Returns what blackstart/disks/facts.py parses.
    """
    root = Path(request.get("root", "/"))
    named = set(request["named"])
    pointed = devices.links(root)
    uses = usage.Uses(root)  # before our own questions open the disks
    found = devices.disks(root, pointed, named)
    jobs = {disk.device.name: (_one, disk, uses, named, request) for disk in found}
    seen = together(jobs)
    disks = [seen[disk.device.name] for disk in found]
    return {"disks": disks, "links": pointed, "board_serial": board.serial(root)}


def _one(disk: devices.Found, uses: usage.Uses, named: set[str], request: dict[str, Any]) -> dict[str, Any]:
    used = uses.of([disk.device, *disk.partitions])
    is_named = bool(named & {disk.device.name, *disk.identity["by_id"]})
    if is_named and not used and usage.claimed(disk.path):
        used.append(usage.claim(disk.device.name))
    seen = {"uses": used, "signatures": [], "bluestore": [], "blank": blankness.unread("it is not named")}
    if why := _not_openable(disk):
        seen["blank"] = blankness.unread(why)
        return {**disk.identity, **seen}
    with Reader(disk.path, disk.identity["size_bytes"], disk.identity["sector_bytes"]) as reader:
        try:
            seen.update(_marks(disk, reader, deep=is_named))
            if is_named:
                seen["blank"] = _blank(disk, reader, seen, request)
        except signatures.Unclear as error:
            seen["blank"] = blankness.unread(str(error))
        except Unreadable as error:
            seen["blank"] = blankness.failing(error.at)
    return {**disk.identity, **seen}


def _marks(disk: devices.Found, reader: Reader, *, deep: bool) -> dict[str, Any]:
    """Read what we know of first: where a disk fails, that says."""
    labels = bluestore.find(reader, disk.starts)
    copies = signatures.copies(reader) if deep else []
    known = signatures.known(disk.path)
    places = {(entry["kind"], entry["offset"]) for entry in known}
    known += [entry for entry in copies if (entry["kind"], entry["offset"]) not in places]
    return {"signatures": known, "bluestore": labels}


def _blank(disk: devices.Found, reader: Reader, seen: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """Read a disk of which nothing is known yet; what is known or in use is no candidate for blank."""
    if seen["uses"]:
        return blankness.unread("it is in use")
    if seen["bluestore"] or seen["signatures"]:
        return blankness.unread("a known format is on it")
    copies = {*bluestore.PLACES, *signatures.offsets(reader.size)}
    seed = f"{request['seed']} {disk.device.name}"
    return blankness.look(reader, copies, seed=seed, full=request["full"], spinning=disk.spinning)


def _not_openable(disk: devices.Found) -> str:
    """Say why the disk's file cannot stand for it: in a container it may be missing, or be another device's."""
    try:
        status = Path(disk.path).stat()
        os.close(os.open(disk.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK))
    except OSError as error:
        return f"{disk.path} cannot be opened: {error.strerror}"
    number = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    if stat.S_ISBLK(status.st_mode) and number != disk.device.number:
        return f"{disk.path} is the device {number}, and the kernel has {disk.device.name} as {disk.device.number}"
    return ""
