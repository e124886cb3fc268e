#!/usr/bin/python
"""Ansible's entry to blackstart/node/kube/remove.py."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.etcd.quorum import EtcdError
from ansible.module_utils.blackstart_node.kube.remove import Removal
from ansible.module_utils.blackstart_node.kubectl import OPTIONS, KubectlError
from ansible.module_utils.blackstart_node.module import failing_for

DOCUMENTATION = r"""
module: blackstart_node_removal
short_description: Take a node out of etcd and out of the API
description:
  - Runs on a control plane other than the one that goes.
options:
  node: {description: Kubernetes name of the node., type: str, required: true}
  address: {description: Its address; that of its etcd member while it has no name., type: str, default: ""}
  acting: {description: Kubernetes name of the node that this runs on., type: str, required: true}
  known: {description: Names of nodes in the inventory., type: list, elements: str, default: []}
  state:
    description: examined only looks, detached says out of service and waits for volumes, absent removes.
    type: str
    required: true
    choices: [examined, detached, absent]
  dead: {description: Whether the node is gone for good., type: bool, default: false}
  surely_off: {description: Whether it was seen that the node has no power., type: bool, default: false}
  timeout: {description: Seconds to wait for volumes or for etcd., type: int, default: 120}
  kubeconfig: {description: Path of the kubeconfig., type: str, required: true}
  server: {description: URL of the API server to go through., type: str, required: true}
author: blackstart
"""

RETURN = r"""
member: {description: The id of its etcd member or nothing., returned: when state is examined, type: str}
node: {description: Whether it has a Node., returned: when state is examined, type: bool}
drain: {description: Whether that must be drained first., returned: when state is examined, type: bool}
objections: {description: What speaks against it., returned: when state is examined or refused, type: list}
removed: {description: What was removed., returned: when state is absent, type: list, elements: str}
"""


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "node": {"type": "str", "required": True},
            "address": {"type": "str", "default": ""},
            "acting": {"type": "str", "required": True},
            "known": {"type": "list", "elements": "str", "default": []},
            "state": {"type": "str", "required": True, "choices": ["examined", "detached", "absent"]},
            "dead": {"type": "bool", "default": False},
            "surely_off": {"type": "bool", "default": False},
            "timeout": {"type": "int", "default": 120},
            **OPTIONS,
        },
        supports_check_mode=True,
    )
    with failing_for(module, EtcdError, KubectlError):
        removal = Removal(module)
        todo = {"examined": removal.examined, "detached": removal.detached, "absent": removal.absent}
        module.exit_json(**todo[module.params["state"]]())


if __name__ == "__main__":
    main()
