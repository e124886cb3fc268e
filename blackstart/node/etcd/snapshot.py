"""What makes a file a whole snapshot of etcd, what room it takes, and what its files are called. Pure but for reading.

etcdctl ends a snapshot with the sha256 of all before it, and its database is made of pages of 4096 bytes, so that a
whole file is 32 bytes more than a multiple of 512 (client/v3/snapshot/v3_snapshot.go and etcdutl/snapshot at v3.6.6).
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MIB = 1 << 20
ROOM = 1.2  # times the database: it goes on growing while it is copied
TRAILER = hashlib.sha256().digest_size
PART = ".part"
_PAGE = 512
_CHUNK = 4 * MIB
_NAME = re.compile(r"etcd-\d{8}T\d{6}Z\.db")


def shortage(size: int, free: int, where: str) -> str:
    """Say what room is missing for a snapshot of a database of so many bytes; empty when there is enough."""
    wanted = int(size * ROOM)
    if free >= wanted:
        return ""
    return (
        f"no space left for a snapshot of etcd: {where} has {free / MIB:.1f} MiB free, wanted: {wanted / MIB:.1f} MiB "
        f"(the database's {size / MIB:.1f} MiB times {ROOM}). Nothing was written; make room there and run it again"
    )


def digest(path: Path) -> tuple[str, bool]:
    """Return the sha256 of a file, and whether its own last bytes say that it is whole."""
    size = path.stat().st_size
    whole, body = hashlib.sha256(), hashlib.sha256()
    left = size - TRAILER
    last = b""
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            whole.update(chunk)
            body.update(chunk[: max(left, 0)])
            left -= len(chunk)
            last = (last + chunk)[-TRAILER:]
    return whole.hexdigest(), size % _PAGE == TRAILER and body.digest() == last


def doubts(status: dict[str, Any], before: int, after: int) -> list[str]:
    """Compare `etcdutl snapshot status -w json` with the member's revision before and after; empty when it fits."""
    revision, keys = int(status.get("revision", 0)), int(status.get("totalKey", 0))
    found = []
    if not before <= revision <= after:
        found.append(f"it is at revision {revision}, the member went from {before} to {after} meanwhile")
    if not keys:
        found.append("it holds no key")
    return found


def snapshots(names: Iterable[str]) -> list[str]:
    """Return the names that are snapshots of ours, newest first: a half-written one has another ending."""
    return sorted((name for name in names if _NAME.fullmatch(name)), reverse=True)


def surplus(names: Iterable[str], keep: int) -> list[str]:
    """Return the snapshots to remove so that the newest ones are kept, one at least."""
    return snapshots(names)[max(keep, 1) :]
