"""Put the installed system into the firmware's boot list: first, or after the network that it was installed from.

In a chroot bootctl silently leaves the list alone.
"""

from __future__ import annotations

import re
from typing import NamedTuple

ENTRY = re.compile(r"^Boot([0-9A-F]{4})\*? (.*?)(?:\t(.*))?$", re.MULTILINE)
NETWORK = re.compile(r"MAC\(|IPv[46]\(|PXE|Network", re.IGNORECASE)


class Boot(NamedTuple):
    """What efibootmgr prints: entries as {number: (label, device path)}."""

    current: str
    order: list[str]
    entries: dict[str, tuple[str, str]]


def parse(text: str) -> Boot:
    """Read efibootmgr's list (pure)."""
    current = re.search(r"^BootCurrent: ([0-9A-F]{4})", text, re.MULTILINE)
    order = re.search(r"^BootOrder: (\S+)", text, re.MULTILINE)
    entries = {number: (label.strip(), path) for number, label, path in ENTRY.findall(text)}
    return Boot(current.group(1) if current else "", order.group(1).split(",") if order else [], entries)


def labelled(boot: Boot, label: str) -> list[str]:
    """Return the numbers of the entries of this name (pure)."""
    return [number for number, (name, _) in boot.entries.items() if name == label]


def wanted(boot: Boot, ours: str) -> list[str]:
    """Return the boot order (pure): ours first, unless the network booted this machine; all others follow."""
    network = [boot.current] if NETWORK.search(" ".join(boot.entries.get(boot.current, ("", "")))) else []
    return [*network, ours, *(number for number in boot.order if number not in {ours, *network})]
