#!/usr/bin/python
"""Ansible's entry to blackstart/node/install/packages.py."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.install.packages import Packages

DOCUMENTATION = r"""
module: blackstart_packages
short_description: Fetch and verify the packages of a new system, as one that has none yet
description:
  - pacman works in memory, and with package lists of its own.
options:
  packages: {description: Packages and groups., type: list, elements: str, required: true}
  room: {description: A folder in memory; pacman.conf and database are made in it., type: path, required: true}
  config: {description: The text of pacman.conf. Packages go where its CacheDir says., type: str, required: true}
  keyring: {description: What pacman-key is to know where the live system makes no keyring., type: str, required: true}
  unit: {description: The unit in which it runs; UNIT-keyring makes the new system's., type: str, required: true}
author: [blackstart]
"""

RETURN = r"""
files: {description: "The packages' files, dependencies included.", returned: always, type: list, elements: str}
dependencies:
  description: The names of those that nobody asked for by name or group.
  returned: always
  type: list
  elements: str
"""


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "packages": {"type": "list", "elements": "str", "required": True},
            "room": {"type": "path", "required": True},
            "config": {"type": "str", "required": True},
            "keyring": {"type": "str", "required": True},
            "unit": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=False, files=[], dependencies=[])
    packages = Packages(module)
    packages.prepare()
    packages.begin_keyring()
    packages.fetch()
    files = packages.files()
    module.exit_json(changed=False, files=sorted(files.values()), dependencies=packages.dependencies(set(files)))


if __name__ == "__main__":
    main()
