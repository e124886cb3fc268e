#!/usr/bin/python
"""Ansible's entry to blackstart/node/disks/scheduler.py."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.disks.scheduler import ensure

DOCUMENTATION = r"""
module: blackstart_disk_scheduler
short_description: Set the I/O scheduler of disks now
description:
  - Nothing is written to the disks. A udev rule keeps the setting for later starts.
options:
  disks: {description: Names below /dev/disk/by-id., type: list, elements: str, required: true}
  scheduler: {description: One that the kernel offers., type: str, required: true}
author: [blackstart]
"""

RETURN = r"""
done: {description: The disks whose scheduler was another., returned: always, type: list, elements: str}
"""


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "disks": {"type": "list", "elements": "str", "required": True},
            "scheduler": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    wanted = module.params["scheduler"]
    try:
        done = [disk for disk in module.params["disks"] if ensure(disk, wanted, dry=module.check_mode)]
    except (OSError, ValueError) as error:
        module.fail_json(msg=f"cannot set an I/O scheduler: {error}")
    module.exit_json(changed=bool(done), done=done)


if __name__ == "__main__":
    main()
