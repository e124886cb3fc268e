#!/usr/bin/python
"""Ansible's entry to blackstart/node/etcd/take.py."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.etcd.quorum import EtcdError
from ansible.module_utils.blackstart_node.etcd.take import Snapshot, Stopped
from ansible.module_utils.blackstart_node.module import failing_for

DOCUMENTATION = r"""
module: blackstart_etcd_snapshot
short_description: Take and verify a snapshot of this node's etcd
description:
  - Uses etcdctl and etcdutl of the etcd container that runs here; for a stopped member etcdutl of etcd's image.
options:
  state:
    description: examined looks whether one can be taken, present takes it, absent removes it and others cut off.
    type: str
    required: true
    choices: [examined, present, absent]
  name: {description: Name of the file., type: str, default: ""}
  folder: {description: A folder that node and etcd container share under one path., type: path, required: true}
  timeout: {description: Seconds that taking it may take., type: int, default: 300}
  source: {description: A running member or a stopped one., type: str, default: member, choices: [member, stopped]}
  data: {description: The data directory of a stopped member., type: path, default: /var/lib/etcd}
  image: {description: "etcd's image, for a stopped member.", type: str, default: ""}
author: blackstart
"""

RETURN = r"""
bytes: {description: The size of the database., returned: when state is examined, type: int}
version: {description: "etcd's version; empty for a stopped member.", returned: when state is examined, type: str}
path: {description: The snapshot's file., returned: when state is present, type: str}
facts: {description: "What is known of it: sha256, size, hash, revision.", returned: when state is present, type: dict}
"""


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "required": True, "choices": ["examined", "present", "absent"]},
            "name": {"type": "str", "default": ""},
            "folder": {"type": "path", "required": True},
            "timeout": {"type": "int", "default": 300},
            "source": {"type": "str", "default": "member", "choices": ["member", "stopped"]},
            "data": {"type": "path", "default": "/var/lib/etcd"},
            "image": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    snapshot = Stopped(module) if module.params["source"] == "stopped" else Snapshot(module)
    todo = {"examined": snapshot.examined, "present": snapshot.present, "absent": snapshot.absent}
    with failing_for(module, EtcdError):
        module.exit_json(**todo[module.params["state"]]())


if __name__ == "__main__":
    main()
