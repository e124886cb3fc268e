#!/usr/bin/python
"""Ansible's entry to blackstart/node/install/live.py."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.install.live import Machine

DOCUMENTATION = r"""
module: blackstart_live
short_description: Check that this is the ordered machine in a live system, and whether the order is done
description:
  - Fails for any other machine or disk, and ends what an interrupted installation left at work.
options:
  node: {description: The node's name., type: str, required: true}
  order: {description: The id that the installed system carries., type: str, required: true}
  board_serial: {description: The mainboard's serial number; empty when it is not known., type: str, default: ""}
  disk: {description: The boot disk's path below /dev/disk/by-id., type: path, required: true}
  target: {description: Where the new system is mounted while it is made., type: path, required: true}
  unit: {description: The unit in which long commands run., type: str, required: true}
  mark: {description: The file that says which installation a system is., type: path, required: true}
author: [blackstart]
"""

RETURN = r"""
installed:
  description: Whether the system on the disk, or the running one, is complete under this order's id.
  returned: always
  type: bool
"""


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "node": {"type": "str", "required": True},
            "order": {"type": "str", "required": True},
            "board_serial": {"type": "str", "default": ""},
            "disk": {"type": "path", "required": True},
            "target": {"type": "path", "required": True},
            "unit": {"type": "str", "required": True},
            "mark": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    machine = Machine(module)
    if machine.check():
        module.exit_json(changed=False, installed=True)
    left = machine.clear()
    module.exit_json(changed=left, installed=machine.installed())


if __name__ == "__main__":
    main()
