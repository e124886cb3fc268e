#!/usr/bin/python
"""Ansible's entry to blackstart/node/install/boot_disk.py."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.install.boot_disk import MKFS, BootDisk

DOCUMENTATION = r"""
module: blackstart_boot_disk
short_description: Partition a boot disk, make its file systems and mount them
description:
  - Makes sure once more, by serial and size, that the path leads to the disk that was judged.
options:
  disk: {description: Its path below /dev/disk/by-id., type: path, required: true}
  serial: {description: Its serial number., type: str, required: true}
  size_bytes: {description: Its size., type: int, required: true}
  esp_mib: {description: The size of the EFI system partition in MiB., type: int, required: true}
  filesystem: {description: The root's file system., type: str, choices: [ext4, xfs], required: true}
  target: {description: Where the root is mounted; the other is at boot below it., type: path, required: true}
author: [blackstart]
"""

RETURN = r"""
root: {description: The root file system's UUID., returned: always, type: str}
esp: {description: The EFI system partition's., returned: always, type: str}
"""


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "disk": {"type": "path", "required": True},
            "serial": {"type": "str", "required": True},
            "size_bytes": {"type": "int", "required": True},
            "esp_mib": {"type": "int", "required": True},
            "filesystem": {"type": "str", "choices": sorted(MKFS), "required": True},
            "target": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    disk = BootDisk(module)
    disk.make_sure()
    if module.check_mode:
        module.exit_json(changed=True, esp="", root="")
    disk.partition()
    module.exit_json(changed=True, **disk.fill())


if __name__ == "__main__":
    main()
