#!/usr/bin/python
"""Ansible's entry to blackstart/node/install/pacstrap.py."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.install.pacstrap import Target

DOCUMENTATION = r"""
module: blackstart_pacstrap
short_description: Install packages from files into a new root
description:
  - Takes what blackstart_packages fetched and verified, and needs no network.
options:
  files: {description: "The packages' files, with all that they need.", type: list, elements: path, required: true}
  dependencies: {description: Packages that are there for others only., type: list, elements: str, required: true}
  room: {description: Where pacman.conf and the new system's keyring (gnupg) are., type: path, required: true}
  target: {description: The new root., type: path, required: true}
  unit: {description: The unit in which it runs; UNIT-keyring makes the new system's., type: str, required: true}
author: [blackstart]
"""

RETURN = "{}"


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "list", "elements": "path", "required": True},
            "dependencies": {"type": "list", "elements": "str", "required": True},
            "room": {"type": "path", "required": True},
            "target": {"type": "path", "required": True},
            "unit": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    if not module.check_mode:
        target = Target(module)
        target.take_keyring()
        target.install()
    module.exit_json(changed=True)


if __name__ == "__main__":
    main()
