#!/usr/bin/python
"""Ansible's entry to blackstart/node/kube/argocd.py."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.kube.argocd import apply
from ansible.module_utils.blackstart_node.kubectl import OPTIONS, Kubectl, KubectlError
from ansible.module_utils.blackstart_node.module import failing_for

DOCUMENTATION = r"""
module: blackstart_argocd_hold
short_description: Keep Argo CD from reconciling the Applications that own a workload
description:
  - Annotates the Applications themselves, and finds them again by that.
options:
  state: {description: Hold or release., type: str, required: true, choices: [held, released]}
  kind: {description: Kind of the workload., type: str, default: DaemonSet}
  namespace: {description: Namespace of the workload., type: str, required: true}
  name: {description: Name of the workload., type: str, required: true}
  kubeconfig: {description: Path of the kubeconfig., type: str, required: true}
  server: {description: URL of the API server to go through., type: str, required: true}
author: blackstart
"""

RETURN = r"""
applications: {description: "What is held, or was, as namespace/name.", returned: always, type: list, elements: str}
"""


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "required": True, "choices": ["held", "released"]},
            "kind": {"type": "str", "default": "DaemonSet"},
            "namespace": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            **OPTIONS,
        },
        supports_check_mode=True,
    )
    kubectl = Kubectl(module.params["kubeconfig"], module.params["server"])
    with failing_for(module, KubectlError):
        module.exit_json(**apply(kubectl, module))


if __name__ == "__main__":
    main()
