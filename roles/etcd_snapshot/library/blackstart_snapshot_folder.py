#!/usr/bin/python
"""Ansible's entry to blackstart/node/etcd/folder.py."""

from __future__ import annotations

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.etcd.folder import NotWholeError, kept, ready
from ansible.module_utils.blackstart_node.etcd.snapshot import snapshots
from ansible.module_utils.blackstart_node.module import failing_for

DOCUMENTATION = r"""
module: blackstart_snapshot_folder
short_description: Keep snapshots of etcd on the control machine
description:
  - Runs on the control machine.
options:
  state:
    description: ready makes the folder and removes what was cut off, kept proves and names one that arrived.
    type: str
    required: true
    choices: [ready, kept]
  folder: {description: The folder., type: path, required: true}
  bytes: {description: Size of the database that is to come., type: int, default: 0}
  name: {description: Name of the snapshot., type: str, default: ""}
  facts: {description: What the node knows of it., type: dict, default: {}}
  keep: {description: How many to keep., type: int, default: 7}
author: blackstart
"""

RETURN = r"""
removed: {description: Names of older snapshots that went., returned: when state is kept, type: list, elements: str}
kept: {description: Names of those that stay., returned: when state is kept, type: list, elements: str}
"""


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "required": True, "choices": ["ready", "kept"]},
            "folder": {"type": "path", "required": True},
            "bytes": {"type": "int", "default": 0},
            "name": {"type": "str", "default": ""},
            "facts": {"type": "dict", "default": {}},
            "keep": {"type": "int", "default": 7},
        },
        supports_check_mode=True,
    )
    params = module.params
    folder = Path(params["folder"])
    if module.check_mode:
        module.exit_json(changed=params["state"] == "kept" or not folder.is_dir(), removed=[])
    if params["state"] == "ready":
        there = folder.is_dir()
        if said := ready(folder, params["bytes"]):
            module.fail_json(msg=said, blackstart_refused=True)
        module.exit_json(changed=not there)
    with failing_for(module, NotWholeError):
        removed = kept(folder, params["name"], params["facts"], params["keep"])
    module.exit_json(changed=True, removed=removed, kept=snapshots([entry.name for entry in folder.iterdir()]))


if __name__ == "__main__":
    main()
