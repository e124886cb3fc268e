"""A Ceph OSD's marks on a disk: BlueStore labels at all their places, what LVM's tags say, what a LUKS2 header says."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .reader import Reader

GIB = 1 << 30
# BlueStore keeps its label at each of these (ceph src/os/bluestore/BlueStore.cc, bdev_label_positions).
PLACES = (0, GIB, 10 * GIB, 100 * GIB, 1000 * GIB)
LABEL_BYTES = 4096
MAGIC = b"bluestore block device\n"
_UUID = rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_LVM_BYTES = 256 << 10
_LVM_METADATA_END = 1 << 20
_TAG = re.compile(rb"ceph\.(cluster_fsid|osd_fsid|osd_id)=([0-9A-Za-z-]+)")
_LUKS2 = b"LUKS\xba\xbe\x00\x02"


def find(disk: Reader, partitions: list[int]) -> list[dict[str, Any]]:
    """Return every mark as the fields of Osd; `partitions` begin at these offsets in bytes. Raises Unreadable."""
    places = [*((at, "bluestore") for at in PLACES), *((at, "partition") for at in partitions)]
    found = [label(at, disk.read(at, LABEL_BYTES), how) for at, how in places if at + LABEL_BYTES <= disk.size]
    return [entry for entry in (*found, *_lvm(disk), _luks(disk)) if entry]


def label(at: int, block: bytes, how: str = "bluestore") -> dict[str, Any] | None:
    """Read a label's block; None when it is none. What cannot be made sense of stays empty.

    bluestore_bdev_label_t::encode (ceph src/os/bluestore/bluestore_types.cc): two lines of text for people, then
    version, compat, length, the OSD's uuid, size, birth time, description, and from version 2 a map of texts.
    """
    if not block.startswith(MAGIC):
        return None
    text = re.match(_UUID, block[len(MAGIC) :])
    values = _meta(block)
    return {
        "offset": at,
        "osd_uuid": text.group().decode() if text else "",
        "ceph_fsid": values.get("ceph_fsid", ""),
        "osd_id": values.get("whoami", ""),
        "how": how,
    }


def _meta(block: bytes) -> dict[str, str]:
    at = len(MAGIC) + 36 + 1
    try:
        version, _compat, _length = struct.unpack_from("<BBI", block, at)
        at += 6 + 16 + 8 + 8  # the head, uuid, size, birth time
        _description, at = _text(block, at)
        if version < 2:  # noqa: PLR2004 - the version that brought the map
            return {}
        (count,) = struct.unpack_from("<I", block, at)
        at += 4
        values = {}
        for _ in range(min(count, 256)):
            name, at = _text(block, at)
            values[name], at = _text(block, at)
    except (struct.error, ValueError):
        return {}
    return values


def _text(block: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<I", block, at)
    end = at + 4 + length
    if end > len(block):
        raise ValueError("a text goes on past its block")
    return block[at + 4 : end].decode(errors="replace"), end


def _lvm(disk: Reader) -> list[dict[str, Any]]:
    """Return what ceph-volume's tags say: LVM keeps them as text in the disk's first MiB."""
    if b"LABELONE" not in disk.read(0, 4 * 512):
        return []
    tags: dict[bytes, set[bytes]] = {}
    for at in range(0, min(_LVM_METADATA_END, disk.size), _LVM_BYTES):
        for name, value in _TAG.findall(disk.read(at, _LVM_BYTES + 128)):  # a tag may lie across two pieces
            tags.setdefault(name, set()).add(value)
    if not tags:
        return []

    def only(name: bytes) -> str:
        values = tags.get(name, set())
        return next(iter(values)).decode() if len(values) == 1 else ""

    fsids = sorted(value.decode() for value in tags.get(b"cluster_fsid", {b""}))
    single = {"osd_uuid": only(b"osd_fsid"), "osd_id": only(b"osd_id")} if len(fsids) == 1 else {}
    nothing = {"osd_uuid": "", "osd_id": ""}
    return [{"offset": 0, "ceph_fsid": fsid, "how": "lvm", **nothing, **single} for fsid in fsids]


def _luks(disk: Reader) -> dict[str, Any] | None:
    """Return the cluster that Rook writes into a LUKS2 header's subsystem (rook pkg/daemon/ceph/osd/encryption.go)."""
    header = disk.read(0, 512)
    fsid = re.search(rb"ceph_fsid=(" + _UUID + rb")", header[24:72] + header[208:256])
    if not header.startswith(_LUKS2) or not fsid:
        return None
    return {"offset": 0, "osd_uuid": "", "ceph_fsid": fsid.group(1).decode(), "osd_id": "", "how": "luks"}
