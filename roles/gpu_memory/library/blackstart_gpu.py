#!/usr/bin/python
"""Ansible's entry to blackstart/node/gpu/check.py."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.gpu.check import SIZES, machine, values
from ansible.module_utils.blackstart_node.gpu.units import Wanted

DOCUMENTATION = r"""
module: blackstart_gpu
short_description: Check GPU memory, before or after it is set
description:
  - Looks only, and changes nothing.
options:
  stage:
    description: Whether the wanted values are looked at, which fails for any misfit, or the machine, which warns.
    choices: [values, machine]
    type: str
    required: true
  ram_gib: {description: All memory of the machine in GiB., type: int, required: true}
  carve_out_gib: {description: How much of it firmware gives to the GPU., type: int, default: 0}
  gtt_gib: {description: How much the kernel may map to the GPU., type: int, default: 0}
  page_pool_gib: {description: How much of that it keeps when freed., type: int, default: 0}
  target: {description: The GPU's architecture as ROCm names it., type: str, default: ""}
  gids: {description: Fixed numbers by group; 0 leaves a group's own., type: dict, default: {}}
  root: {description: Look below this folder instead of the machine's own., type: str, default: ""}
  strict: {description: Whether a machine that is not as wanted fails., type: bool, default: false}
author: [blackstart]
"""

RETURN = r"""
verdicts: {description: What is wrong, returned: always, type: list, elements: str}
restart: {description: Why a restart is due; empty when it is not, returned: always, type: str}
blackstart_notes: {description: The verdicts once more for blackstart's journal, returned: always, type: list}
"""


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "stage": {"type": "str", "choices": ["values", "machine"], "required": True},
            "ram_gib": {"type": "int", "required": True},
            "carve_out_gib": {"type": "int", "default": 0},
            "gtt_gib": {"type": "int", "default": 0},
            "page_pool_gib": {"type": "int", "default": 0},
            "target": {"type": "str", "default": ""},
            "gids": {"type": "dict", "default": {}},
            "root": {"type": "str", "default": ""},
            "strict": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    wanted = Wanted(**{name: module.params[name] for name in SIZES})
    stage = values if module.params["stage"] == "values" else machine
    module.exit_json(changed=False, **stage(module, wanted))


if __name__ == "__main__":
    main()
