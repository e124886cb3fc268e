"""Grow a recorded machine, or an edited one, into a tree to be looked at as a root: `grow.py FOLDER < MACHINE`."""

from __future__ import annotations

import json
import os
import struct
import sys
from pathlib import Path
from typing import Any

# SMBIOS kinds of structures (DMTF DSP0134): a memory device, and the end.
_MEMORY_DEVICE, _END = 17, 127


def grow(machine: dict[str, Any], root: Path) -> Path:
    """Write the machine's files, modules and devices below a folder, and return it.

    A device is a plain file with a device's mode; the group that owns it is named as the machine's is.
    """
    for path, text in machine["files"].items():
        write(root / path, text.encode())
    write(root / "sys/firmware/dmi/tables/DMI", smbios(machine["dimms_mib"]))
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


def write(path: Path, content: bytes) -> None:
    """Write a file with the folders that it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def smbios(modules: list[int]) -> bytes:
    """Return a table with memory devices of these sizes in MiB; those of 32 GiB and more use the extended field."""
    table = b""
    for number, size in enumerate(modules):
        short, extended = (0x7FFF, size) if size >= 0x7FFF else (size, 0)
        head = struct.pack("<BBHHHHHH", _MEMORY_DEVICE, 0x28, 0x1100 + number, 0x1000, 0xFFFE, 64, 64, short)
        body = head.ljust(0x1C, b"\x01") + struct.pack("<I", extended)
        table += body.ljust(0x28, b"\x00") + b"DIMM 0\x00\x00"
    return table + struct.pack("<BBH", _END, 4, 0xFEFF) + b"\x00\x00"


if __name__ == "__main__":
    grow(json.load(sys.stdin), Path(sys.argv[1]))
