"""Grow a recorded machine, or an edited one, into a tree to be looked at as a root: `machines.py FOLDER < MACHINE`."""

from __future__ import annotations

import json
import os
import struct
import sys
from pathlib import Path
from typing import Any

# SMBIOS kinds of structures (DMTF DSP0134): a base board, a memory device, and the end.
_BASE_BOARD, _MEMORY_DEVICE, _END = 2, 17, 127
_UNITS = {"kB": 1, "MB": 1 << 10, "GB": 1 << 20}  # KiB, under the names that dmidecode gives them
_FORM_FACTORS = {"DIMM": 0x09, "SODIMM": 0x0D}


def grow(machine: dict[str, Any], root: Path) -> Path:
    """Write the machine's files, firmware tables and devices below a folder, and return it.

    A device is a plain file with a device's mode; the group that owns it is named as the machine's is.
    """
    for path, text in machine["files"].items():
        write(root / path, text.encode())
    firmware(machine["dmidecode"], root)
    for path, mode in machine["devices"].items():
        write(root / path, b"")
        os.chown(root / path, -1, os.getgid())
        (root / path).chmod(int(mode, 8))
    write(root / "etc/group", f"{machine['group']}:x:{os.getgid()}:\n".encode())
    settings = root / "etc/modprobe.d"
    settings.mkdir(parents=True, exist_ok=True)
    for path in [*settings.iterdir(), settings]:
        os.utime(path, (machine["settings_changed"],) * 2)
    return root


def firmware(text: str, root: Path) -> None:
    """Write the firmware's table of which dmidecode prints this, and what the kernel shows of it as a file."""
    write(root / "sys/firmware/dmi/tables/DMI", smbios(text))
    for name, entries in structures(text):
        if name == "Base Board Information":
            write(root / "sys/class/dmi/id/board_serial", f"{entries.get('Serial Number', '')}\n".encode())


def write(path: Path, content: bytes) -> None:
    """Write a file with the folders that it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def structures(text: str) -> list[tuple[str, dict[str, str]]]:
    """Return what dmidecode printed: the name of each structure with its entries."""
    blocks = [block.splitlines() for block in text.strip().split("\n\n") if block]
    pairs = [(name, [line.strip().partition(": ") for line in lines]) for name, *lines in blocks]
    return [(name, {key: value for key, _, value in entries}) for name, entries in pairs]


def smbios(text: str) -> bytes:
    """Return the firmware table of which dmidecode prints this; the real dmidecode reads it back in a test."""
    table = b""
    for number, (name, entries) in enumerate(structures(text)):
        body = _board(entries) if name == "Base Board Information" else _module(entries)
        kind = _BASE_BOARD if name == "Base Board Information" else _MEMORY_DEVICE
        table += struct.pack("<BBH", kind, 4 + len(body[0]), 0x1100 + number) + body[0]
        table += b"".join(word.encode() + b"\0" for word in body[1]) + b"\0"
    return table + struct.pack("<BBH", _END, 4, 0xFEFF) + b"\0\0"


def _board(entries: dict[str, str]) -> tuple[bytes, list[str]]:
    """Return the fields and the strings of a base board (DSP0134, 7.3): strings are told by number."""
    return bytes([1, 0, 0, 2]), [entries["Manufacturer"], entries["Serial Number"]]


def _module(entries: dict[str, str]) -> tuple[bytes, list[str]]:
    """Return the fields and the strings of a memory device (DSP0134, 7.18), with all fields that SMBIOS 2.7 has."""
    short, extended = _size(entries["Size"])
    fields = struct.pack("<HHHHH", 0x1000, 0xFFFE, 64, 64, short) + bytes([_FORM_FACTORS[entries["Form Factor"]], 0, 1])
    return (fields.ljust(0x18, b"\0") + struct.pack("<I", extended)).ljust(0x24, b"\0"), [entries["Locator"]]


def _size(text: str) -> tuple[int, int]:
    """Return both fields of a module's size: in MiB or KiB, and in MiB from 32 GiB on."""
    if text in {"No Module Installed", "Unknown"}:
        return (0 if text == "No Module Installed" else 0xFFFF), 0
    number, unit = text.split()
    kib = int(number) * _UNITS[unit]
    if kib % 1024:
        return 0x8000 | kib, 0
    return (0x7FFF, kib >> 10) if kib >> 10 >= 0x7FFF else (kib >> 10, 0)


if __name__ == "__main__":
    grow(json.load(sys.stdin), Path(sys.argv[1]))
