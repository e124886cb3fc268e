#!/usr/bin/python
"""Ansible's entry to blackstart/node/join_credentials.py."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.join_credentials import Credentials
from ansible.module_utils.blackstart_node.kubectl import KubectlError
from ansible.module_utils.blackstart_node.module import failing_for

DOCUMENTATION = r"""
module: blackstart_join_credentials
short_description: Make or revoke a bootstrap token and the uploaded control-plane certificates
description:
  - Runs on a member. Nothing secret is passed as an argument of a program.
options:
  state: {description: Make or revoke., type: str, default: present, choices: [present, absent]}
  token: {description: The bootstrap token., type: str, required: true}
  configuration: {description: For kubeadm init phase upload-certs; holds the key., type: str, default: ""}
  server: {description: URL of this member's own API server., type: str, required: true}
  ttl: {description: Seconds after which all of it is revoked., type: int, default: 1200}
author: blackstart
"""

RETURN = r"""
ca: {description: The cluster's CA as PEM., returned: when state is present, type: str}
"""


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
            "token": {"type": "str", "required": True, "no_log": True},
            "configuration": {"type": "str", "default": "", "no_log": True},
            "server": {"type": "str", "required": True},
            "ttl": {"type": "int", "default": 1200},
        },
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=True, ca="")
    credentials = Credentials(module)
    with failing_for(module, KubectlError):
        module.exit_json(**(credentials.make() if module.params["state"] == "present" else credentials.revoke()))


if __name__ == "__main__":
    main()
