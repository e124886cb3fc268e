#!/usr/bin/python
"""Ansible's entry to blackstart/node/install/firmware.py."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.command import run
from ansible.module_utils.blackstart_node.install.firmware import Boot, labelled, parse, wanted

DOCUMENTATION = r"""
module: blackstart_firmware
short_description: Ensure the firmware's boot entry and its place in the boot order
description:
  - The entry comes first in the order, or after the network where the machine was booted from it.
options:
  disk: {description: The boot disk; its first partition is the EFI system partition., type: path, required: true}
  label: {description: The entry's name., type: str, required: true}
  loader: {description: "The boot loader's path on that partition, with backslashes.", type: str, required: true}
author: [blackstart]
"""

RETURN = r"""
order: {description: "The boot order, by entries' names.", returned: always, type: list, elements: str}
"""


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "disk": {"type": "path", "required": True},
            "label": {"type": "str", "required": True},
            "loader": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    label = module.params["label"]

    def efibootmgr(*words: str) -> Boot:
        status, out, err = run(["efibootmgr", *words])
        if status != 0:
            module.fail_json(msg=f"the firmware's boot list cannot be changed: {(err or out).strip()}")
        return parse(out)

    if module.check_mode:
        module.exit_json(changed=True, order=[])
    for number in labelled(efibootmgr(), label):
        efibootmgr("--bootnum", number, "--delete-bootnum")
    words = ("--disk", module.params["disk"], "--part", "1", "--label", label, "--loader", module.params["loader"])
    boot = efibootmgr("--create", *words)
    (ours,) = labelled(boot, label)
    after = efibootmgr("--bootorder", ",".join(wanted(boot, ours)))
    module.exit_json(changed=True, order=[after.entries.get(number, (number, ""))[0] for number in after.order])


if __name__ == "__main__":
    main()
