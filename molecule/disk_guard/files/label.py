"""Writes a BlueStore label as an OSD has it: `label.py DISK OFFSET FSID OSD`; made by us, with Ceph's own layout.

bluestore_bdev_label_t::encode (ceph src/os/bluestore/bluestore_types.cc).
"""

import struct
import sys

UUID = "3f1c8a9e-4b4b-4f0e-8d8d-0d6a5a9b7c11"


def text(value: str) -> bytes:
    """Encode a text: its length, then itself."""
    return struct.pack("<I", len(value)) + value.encode()


def label(fsid: str, osd: str) -> bytes:
    """Return a label."""
    values = {"ceph_fsid": fsid, "whoami": osd, "magic": "ceph osd volume v026", "ready": "ready"}
    body = bytes.fromhex(UUID.replace("-", "")) + bytes(16) + text("main") + struct.pack("<I", len(values))
    body += b"".join(text(name) + text(value) for name, value in sorted(values.items()))
    return f"bluestore block device\n{UUID}\n".encode() + struct.pack("<BBI", 2, 1, len(body)) + body


if __name__ == "__main__":
    disk, offset, fsid, osd = sys.argv[1:]
    with open(disk, "r+b") as file:  # noqa: PTH123 - a device, to be written in place
        file.seek(int(offset))
        file.write(label(fsid, osd))
