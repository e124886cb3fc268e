"""The database of an etcd member that does not run: copied while nothing can write to it, and read by etcd's own tool.

What etcd had written to its log alone and not yet to the database is missing from the copy
(https://etcd.io/docs/v3.6/op-guide/recovery/, "Snapshotting the keyspace").
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import uuid
from typing import TYPE_CHECKING

from .container import CTR, output
from .quorum import EtcdError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_CHUNK = 4 << 20  # bytes


def database(data: Path) -> Path:
    """Return the file that holds all keys, below a member's data directory.

    Raises EtcdError when there is none.
    """
    path = data / "member" / "snap" / "db"
    if not path.is_file():
        raise EtcdError(
            f"there is no {path} on this node; wanted: the data of a stopped etcd member. Take the snapshot on another "
            "control plane, or say where the data is: etcd_snapshot_data"
        )
    return path


def copy(source: Path, path: Path) -> None:
    """Copy a database, and end the copy with the sha256 of all before it, as etcdctl ends a snapshot.

    etcd locks its database for as long as it runs (bbolt's flock), so that with the lock in hand nothing can change it:
    an etcd that is started meanwhile waits. Raises EtcdError when somebody else has the lock.
    """
    body = hashlib.sha256()
    with source.open("rb") as original:
        try:
            fcntl.flock(original, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise EtcdError(
                f"{source} is in use: an etcd runs on it; wanted: a stopped member. "
                "Take the snapshot of the running one: etcd_snapshot_source=member"
            ) from error
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
            while chunk := original.read(_CHUNK):
                body.update(chunk)
                written.write(chunk)
            written.write(body.digest())
            written.flush()
            os.fsync(written.fileno())


def images() -> list[str]:
    """Return the names of the images that containerd has for Kubernetes."""
    return output([*CTR, "images", "ls", "--quiet"], 10).split()


def execute(image: str, folder: Path, words: Sequence[str], seconds: float) -> str:
    """Run a program of etcd's image in a container that sees one folder, read-only, and return what it prints.

    Needs containerd alone. Raises EtcdError when the program fails.
    """
    mount = f"--mount=type=bind,src={folder},dst={folder},options=rbind:ro"
    return output([*CTR, "run", "--rm", mount, image, f"blackstart-{uuid.uuid4().hex[:12]}", *words], seconds)
