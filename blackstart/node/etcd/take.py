"""Take a snapshot of this node's etcd, running or stopped, and prove it whole, or remove what was taken.

A snapshot holds every Secret of the cluster: it has mode 0600 from its first byte on (etcdctl makes it so, in a folder
that is root's alone), and nothing that is in it is ever printed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import stopped
from .client import Etcd
from .container import Container, containers
from .snapshot import digest, doubts, shortage

if TYPE_CHECKING:
    from ..module import Module

# What we leave behind when we are cut off begins with it; etcd's own is called member.
PREFIX = "blackstart-"


class Snapshot:
    """One call of the module."""

    def __init__(self, module: Module) -> None:
        """Read the parameters."""
        self.module = module
        self.folder = Path(module.params["folder"])
        self.path = self.folder / f"{PREFIX}{module.params['name']}"

    def examined(self) -> dict[str, Any]:
        """Return the size of the database; fails when the member is not well or there is no room."""
        Container()
        status = self.look(Etcd())
        return {"changed": False, "bytes": int(status["dbSize"]), "version": status["version"]}

    def look(self, etcd: Etcd) -> dict[str, Any]:
        """Return the member's status; fails when it may be behind the others, or when there is no room."""
        status: dict[str, Any] = etcd.status()
        lacks = "it is a learner" if status.get("isLearner") else etcd.health()
        # A database that has outgrown its quota is the more worth a snapshot.
        if lacks and "NOSPACE" not in lacks:
            self.module.fail_json(
                msg=f"etcd on this node is not well ({lacks}), so that its data may be old; wanted: a healthy voter. "
                "Take the snapshot on another control plane; `blackstart status` shows who is well",
                blackstart_refused=True,
            )
        self.check_room(int(status["dbSize"]))
        return status

    def check_room(self, size: int) -> None:
        """Fail the module when a database of so many bytes has no room here."""
        room = os.statvfs(self.folder)
        if said := shortage(size, room.f_bavail * room.f_frsize, str(self.folder)):
            self.module.fail_json(msg=said, blackstart_refused=True)

    def present(self) -> dict[str, Any]:
        """Take it; returns what is known of it. Leaves nothing behind when that fails."""
        if self.module.check_mode:
            return {"changed": True}
        self.absent()
        try:
            return self.take()
        except BaseException:
            self.absent()
            raise

    def take(self) -> dict[str, Any]:
        """Write it, then verify its checksum, its keys and its revision."""
        container, etcd = Container(), Etcd()
        before = self.look(etcd)
        container.save(str(self.path), self.module.params["timeout"])
        self.path.chmod(0o600)
        after = etcd.status()
        status = json.loads(container.execute(self.ask, self.module.params["timeout"]))
        known = {
            "etcd": before["version"],
            "etcd_cluster": f"{int(before['header']['cluster_id']):x}",
            "member": f"{int(before['header']['member_id']):x}",
        }
        return self.proven(status, doubts(status, _revision(before), _revision(after)), known)

    @property
    def ask(self) -> list[str]:
        """The command that checks each page of the database and reads what it holds."""
        return ["etcdutl", "snapshot", "status", str(self.path), "--write-out=json"]

    def proven(self, status: dict[str, Any], found: list[str], known: dict[str, Any]) -> dict[str, Any]:
        """Return what is known of the snapshot; fails the module when there is any doubt."""
        sha256, whole = digest(self.path)
        if not whole:
            found.insert(0, "its last 32 bytes are not the checksum of what is before them")
        if found:
            self.module.fail_json(
                msg=f"the snapshot of etcd is not to be trusted: {'; '.join(found)}. It was removed; run it again, "
                "and act from another control plane when it fails again"
            )
        return {
            "changed": True,
            "path": str(self.path),
            "facts": {
                "sha256": sha256,
                "size": self.path.stat().st_size,
                "hash": status["hash"],
                "revision": status["revision"],
                "keys": status["totalKey"],
                "source": self.module.params["source"],
                **known,
            },
        }

    def absent(self) -> dict[str, Any]:
        """Remove this snapshot and what earlier runs left when they were cut off."""
        left = sorted(self.folder.glob(f"{PREFIX}*"))
        if not self.module.check_mode:
            for path in left:
                path.unlink(missing_ok=True)
        return {"changed": bool(left)}


class Stopped(Snapshot):
    """One call of the module, for a member that does not run."""

    def examined(self) -> dict[str, Any]:
        """Return the size of the database; fails when an etcd runs here, or when there is none, no image or no room."""
        return {"changed": False, "bytes": self.size(), "version": ""}

    def size(self) -> int:
        """Return the bytes of the database, after what speaks against a copy was looked for."""
        image: str = self.module.params["image"]
        running, _ = containers()
        if running:
            self.module.fail_json(
                msg="etcd runs on this node, and a copy of its files would be torn; wanted: a stopped member. "
                "Take the snapshot of the running one: etcd_snapshot_source=member",
                blackstart_refused=True,
            )
        known = stopped.images()
        if image not in known:
            self.module.fail_json(
                msg=f"etcd_snapshot_image is {image!r}, which containerd does not have; wanted: etcd's image, to prove "
                f"the copy with. It has {', '.join(name for name in known if '/etcd:' in name) or 'none of etcd'}",
                blackstart_refused=True,
            )
        size = stopped.database(Path(self.module.params["data"])).stat().st_size
        self.check_room(size)
        return size

    def take(self) -> dict[str, Any]:
        """Copy it while the database is locked, then verify it; whether other members are ahead is not known here."""
        self.size()
        stopped.copy(stopped.database(Path(self.module.params["data"])), self.path)
        seconds: int = self.module.params["timeout"]
        status = json.loads(stopped.execute(self.module.params["image"], self.folder, self.ask, seconds))
        known = {"etcd": status.get("version", ""), "etcd_cluster": "", "member": ""}
        return self.proven(status, doubts(status, 1, int(status["revision"])), known)


def _revision(status: dict[str, Any]) -> int:
    return int(status["header"]["revision"])
