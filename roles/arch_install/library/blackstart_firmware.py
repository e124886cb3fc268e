#!/usr/bin/python
"""Put the installed system into the firmware's boot list: first, or right behind the network it was installed from.

bootctl leaves the list alone in a chroot, and says nothing about it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.command import run

DOCUMENTATION = r"""
module: blackstart_firmware
short_description: Ensure the firmware's boot entry and its place in the boot order
options:
  disk: {description: The boot disk; its first partition is the EFI system partition., type: path, required: true}
  label: {description: The entry's name., type: str, required: true}
  loader: {description: The boot loader's path on that partition, with backslashes., type: str, required: true}
author: [blackstart]
"""

RETURN = r"""
order:
  description: The boot order, by entries' names.
  returned: always
  type: list
  elements: str
"""

ENTRY = re.compile(r"^Boot([0-9A-F]{4})\*? (.*?)(?:\t(.*))?$", re.MULTILINE)
NETWORK = re.compile(r"MAC\(|IPv[46]\(|PXE|Network", re.IGNORECASE)


class Boot(NamedTuple):
    """What efibootmgr prints: entries as {number: (label, device path)}."""

    current: str
    order: list[str]
    entries: dict[str, tuple[str, str]]


def parse(text: str) -> Boot:
    """Read efibootmgr's list (pure)."""
    current = re.search(r"^BootCurrent: ([0-9A-F]{4})", text, re.MULTILINE)
    order = re.search(r"^BootOrder: (\S+)", text, re.MULTILINE)
    entries = {number: (label.strip(), path) for number, label, path in ENTRY.findall(text)}
    return Boot(current.group(1) if current else "", order.group(1).split(",") if order else [], entries)


def labelled(boot: Boot, label: str) -> list[str]:
    """Return the numbers of the entries of this name (pure)."""
    return [number for number, (name, _) in boot.entries.items() if name == label]


def wanted(boot: Boot, ours: str) -> list[str]:
    """Return the boot order (pure): ours first, unless the network has booted us; whatever else there is, behind."""
    network = [boot.current] if NETWORK.search(" ".join(boot.entries.get(boot.current, ("", "")))) else []
    return [*network, ours, *(number for number in boot.order if number not in {ours, *network})]


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
