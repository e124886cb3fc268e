#!/usr/bin/python
"""Ansible's entry to blackstart/node/kube/drain.py."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.kube.drain import Drain
from ansible.module_utils.blackstart_node.kubectl import OPTIONS, KubectlError
from ansible.module_utils.blackstart_node.module import failing_for

DOCUMENTATION = r"""
module: blackstart_node_drain
short_description: Cordon, drain or uncordon a node
description:
  - Evicts with `kubectl drain`; no budget is ever bypassed.
options:
  node: {description: Kubernetes name of the node., type: str, required: true}
  state:
    description: cordoned and drained cordon, drained evicts as well, schedulable undoes a cordon that is ours.
    type: str
    required: true
    choices: [cordoned, drained, schedulable]
  reason: {description: Written on the Node while it is cordoned., type: str, default: drained by blackstart}
  timeout: {description: Seconds that the evictions may take., type: int, default: 300}
  delete_emptydir: {description: Whether data in emptyDirs may be lost., type: bool, default: true}
  delete_unmanaged: {description: Whether pods may go that nobody makes again., type: bool, default: false}
  kubeconfig: {description: Path of the kubeconfig., type: str, required: true}
  server: {description: URL of the API server to go through., type: str, required: true}
author: blackstart
"""

RETURN = r"""
evicted: {description: The pods that were to go., returned: when state is drained, type: list, elements: str}
blocked: {description: "What stayed: pod, why and todo of each.", returned: when the drain fails, type: list}
"""


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "node": {"type": "str", "required": True},
            "state": {"type": "str", "required": True, "choices": ["cordoned", "drained", "schedulable"]},
            "reason": {"type": "str", "default": "drained by blackstart"},
            "timeout": {"type": "int", "default": 300},
            "delete_emptydir": {"type": "bool", "default": True},
            "delete_unmanaged": {"type": "bool", "default": False},
            **OPTIONS,
        },
        supports_check_mode=True,
    )
    drain = Drain(module)
    todo = {"cordoned": drain.cordon, "drained": drain.drain, "schedulable": drain.uncordon}
    with failing_for(module, KubectlError):
        module.exit_json(**todo[module.params["state"]]())


if __name__ == "__main__":
    main()
