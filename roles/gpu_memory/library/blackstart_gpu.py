#!/usr/bin/python
"""Say what is wrong with sizes of GPU memory, or with the machine that they are for. Changes nothing.

It sees and judges by the very files that blackstart itself uses (blackstart/node/gpu).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.gpu.judge import restart_due, verdicts
from ansible.module_utils.blackstart_node.gpu.sizes import misfits, taken
from ansible.module_utils.blackstart_node.gpu.sysfs import groups, read
from ansible.module_utils.blackstart_node.gpu.units import RESTART, GpuFacts, Wanted

DOCUMENTATION = r"""
module: blackstart_gpu
short_description: Check GPU memory, before or after it is set
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

SIZES = ("ram_gib", "carve_out_gib", "gtt_gib", "page_pool_gib", "target")


def values(module: AnsibleModule, wanted: Wanted) -> None:
    """Fail for values that do not fit each other or this node's groups."""
    gids = {name: int(number) for name, number in module.params["gids"].items()}
    wrong = [*misfits(wanted), *taken(gids, groups(Path("/etc/group").read_text(encoding="utf-8")))]
    if wrong:
        module.fail_json(msg="; ".join(map(str, wrong)))
    module.exit_json(changed=False, verdicts=[], restart="")


def machine(module: AnsibleModule, wanted: Wanted) -> None:
    """Tell all that is wrong (the action plugin warns); fail for what no restart would mend, where asked for."""
    seen = GpuFacts.of(read(module.params["root"]))
    wrong = verdicts(wanted, seen)
    said = [str(verdict) for verdict in wrong]
    result: dict[str, Any] = {
        "verdicts": said,
        "restart": restart_due(seen) if seen and wrong else "",
        "blackstart_notes": said,
    }
    hard = [str(verdict) for verdict in wrong if verdict.cure != RESTART]
    if hard and module.params["strict"]:
        module.fail_json(msg="; ".join(hard))
    module.exit_json(changed=False, **result)


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
    (values if module.params["stage"] == "values" else machine)(module, wanted)


if __name__ == "__main__":
    main()
