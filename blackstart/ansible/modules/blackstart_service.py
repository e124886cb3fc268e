#!/usr/bin/python
"""Have a unit enabled and running with its newest files: Ansible's entry to blackstart/node/service.py."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.service import Service

DOCUMENTATION = r"""
module: blackstart_service
short_description: Have a unit enabled and running with its newest files
description:
  - A unit is restarted, or reloaded, when a file of its is newer than its last start.
options:
  name: {description: The unit., type: str, required: true}
  files: {description: What it reads when it starts., type: list, elements: path, default: []}
  reload: {description: Whether it reads them anew on a reload., type: bool, default: false}
  started: {description: Whether it must run now; else it is only enabled., type: bool, default: true}
  needs: {description: A file without which it is only enabled., type: path}
author: [blackstart]
"""

RETURN = r"""
actions: {description: What systemctl was asked to do., returned: always, type: list, elements: str}
"""


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "files": {"type": "list", "elements": "path", "default": []},
            "reload": {"type": "bool", "default": False},
            "started": {"type": "bool", "default": True},
            "needs": {"type": "path"},
        },
        supports_check_mode=True,
    )
    done = Service(module).apply()
    module.exit_json(changed=bool(done), actions=done)


if __name__ == "__main__":
    main()
