#!/usr/bin/python
"""Ansible's entry to blackstart/node/kubeadm.py."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.kubeadm import Kubeadm

DOCUMENTATION = r"""
module: blackstart_kubeadm
short_description: Run kubeadm init or join as a transient systemd unit
description:
  - Waits for an earlier unit first, goes on with an incomplete attempt, and never wipes anything.
options:
  action: {description: What to run., type: str, required: true, choices: [init, join]}
  configuration: {description: Text of the configuration file; may hold secrets., type: str, required: true}
  discovery: {description: Text of the discovery kubeconfig of a join., type: str, default: ""}
  ca: {description: CA of the cluster to be joined as PEM., type: str, default: ""}
  node: {description: Kubernetes name of this node., type: str, required: true}
  server: {description: URL of this node's own API server., type: str, required: true}
  timeout: {description: Seconds that kubeadm may take., type: int, default: 600}
author: blackstart
"""


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "action": {"type": "str", "required": True, "choices": ["init", "join"]},
            # no_log on the parameter, not the task: what kubeadm said must be readable when it fails.
            "configuration": {"type": "str", "required": True, "no_log": True},
            "discovery": {"type": "str", "default": ""},
            "ca": {"type": "str", "default": ""},
            "node": {"type": "str", "required": True},
            "server": {"type": "str", "required": True},
            "timeout": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    kubeadm = Kubeadm(module)
    if module.check_mode:
        changed = not (kubeadm.leftovers() and kubeadm.complete())
        module.exit_json(changed=changed, msg=f"would run kubeadm {kubeadm.action}" if changed else "it is complete")
    module.exit_json(**kubeadm.apply())


if __name__ == "__main__":
    main()
