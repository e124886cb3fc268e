#!/usr/bin/python
"""Take a snapshot of this node's etcd and prove it whole, or remove what was taken.

A snapshot holds every Secret of the cluster: it has mode 0600 from its first byte on (etcdctl makes it so, in a folder
that is root's alone), and nothing that is in it is ever printed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_etcd import LOCAL, Etcd, EtcdError
from ansible.module_utils.blackstart_snapshot import digest, doubts, shortage

DOCUMENTATION = r"""
module: blackstart_etcd_snapshot
short_description: Take and verify a snapshot of this node's etcd
description:
  - Uses etcdctl and etcdutl of the etcd container that runs here.
options:
  state:
    description: examined looks whether one can be taken, present takes it, absent removes it and others cut off.
    type: str
    required: true
    choices: [examined, present, absent]
  name: {description: Name of the file., type: str, default: ""}
  folder: {description: A folder that node and etcd container share under one path., type: path, required: true}
  timeout: {description: Seconds that taking it may take., type: int, default: 300}
author: blackstart
"""

# What we leave behind when we are cut off begins with it; etcd's own is called member.
PREFIX = "blackstart-"


class Snapshot:
    """One call of the module."""

    def __init__(self, module: AnsibleModule) -> None:
        """Read the parameters."""
        self.module = module
        self.folder = Path(module.params["folder"])
        self.path = self.folder / f"{PREFIX}{module.params['name']}"

    def examined(self) -> dict[str, Any]:
        """Return the size of the database; fails when the member is not well or there is no room."""
        status = self.look(Etcd())
        return {"changed": False, "bytes": int(status["dbSize"]), "version": status["version"]}

    def look(self, etcd: Etcd) -> dict[str, Any]:
        """Return the member's status; fails when it may be behind the others, or when there is no room."""
        status: dict[str, Any] = etcd.status()
        lacks = "it is a learner" if status.get("isLearner") else etcd.healths([LOCAL])[LOCAL]
        # A database that has outgrown its quota is the more worth a snapshot.
        if lacks and "NOSPACE" not in lacks:
            self.module.fail_json(
                msg=f"etcd on this node is not well ({lacks}), so that its data may be old; wanted: a healthy voter. "
                "Take the snapshot on another control plane; `blackstart status` shows who is well",
                blackstart_refused=True,
            )
        room = os.statvfs(self.folder)
        if said := shortage(int(status["dbSize"]), room.f_bavail * room.f_frsize, str(self.folder)):
            self.module.fail_json(msg=said, blackstart_refused=True)
        return status

    def present(self) -> dict[str, Any]:
        """Take it; returns what is known of it. Leaves nothing behind when that fails."""
        if self.module.check_mode:
            return {"changed": True}
        self.absent()
        try:
            return self.take(Etcd())
        except BaseException:
            self.absent()
            raise

    def take(self, etcd: Etcd) -> dict[str, Any]:
        """Write it, then believe nothing: its own checksum, its keys, its revision."""
        before = self.look(etcd)
        etcd.ctl("snapshot", "save", str(self.path), seconds=self.module.params["timeout"])
        self.path.chmod(0o600)
        after = etcd.status()
        sha256, whole = digest(self.path)
        words = ["etcdutl", "snapshot", "status", str(self.path), "--write-out=json"]
        status = json.loads(etcd.execute(words, self.module.params["timeout"]))
        found = doubts(status, _revision(before), _revision(after))
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
                "etcd": before["version"],
                "etcd_cluster": f"{int(before['header']['cluster_id']):x}",
                "member": f"{int(before['header']['member_id']):x}",
            },
        }

    def absent(self) -> dict[str, Any]:
        """Remove this snapshot and what earlier runs left when they were cut off."""
        left = sorted(self.folder.glob(f"{PREFIX}*"))
        if not self.module.check_mode:
            for path in left:
                path.unlink(missing_ok=True)
        return {"changed": bool(left)}


def _revision(status: dict[str, Any]) -> int:
    return int(status["header"]["revision"])


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "required": True, "choices": ["examined", "present", "absent"]},
            "name": {"type": "str", "default": ""},
            "folder": {"type": "path", "required": True},
            "timeout": {"type": "int", "default": 300},
        },
        supports_check_mode=True,
    )
    snapshot = Snapshot(module)
    todo = {"examined": snapshot.examined, "present": snapshot.present, "absent": snapshot.absent}
    try:
        module.exit_json(**todo[module.params["state"]]())
    except EtcdError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
