#!/usr/bin/python
"""Ansible's entry to blackstart/node/kernel.py."""

from __future__ import annotations

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.kernel import Kernel, swaps

DOCUMENTATION = r"""
module: blackstart_kernel
short_description: Bring the running kernel to its name, modules and settings
description:
  - Fails while swap is in use and must not be.
options:
  hostname: {description: The name of the machine., type: str, required: true}
  modules: {description: Modules without which the task fails., type: list, elements: str, default: []}
  optional_modules: {description: Modules that are loaded where there are any., type: list, elements: str, default: []}
  modules_file: {description: The file that names the modules for the next start., type: path, required: true}
  sysctls: {description: Settings by name; their file is another task's., type: dict, default: {}}
  swap_allowed: {description: Whether swap may be in use., type: bool, default: false}
author: [blackstart]
"""

RETURN = r"""
missing: {description: Optional modules that this kernel does not have., returned: always, type: list, elements: str}
done: {description: What was changed., returned: always, type: list, elements: str}
"""


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "hostname": {"type": "str", "required": True},
            "modules": {"type": "list", "elements": "str", "default": []},
            "optional_modules": {"type": "list", "elements": "str", "default": []},
            "modules_file": {"type": "path", "required": True},
            "sysctls": {"type": "dict", "default": {}},
            "swap_allowed": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    params = module.params
    used = swaps(Path("/proc/swaps").read_text())
    if used and not params["swap_allowed"]:
        module.fail_json(
            msg=f"swap is in use ({', '.join(used)}), and the kubelet's failSwapOn forbids it. Remove it "
            "(`swapoff --all`, its line in /etc/fstab or its unit), or set failSwapOn: false in kubelet_config"
        )
    kernel = Kernel(module)
    kernel.name(params["hostname"])
    missing = kernel.load(params["modules"], params["optional_modules"], Path(params["modules_file"]))
    kernel.set(params["sysctls"])
    module.exit_json(changed=bool(kernel.done), done=kernel.done, missing=missing)


if __name__ == "__main__":
    main()
