#!/usr/bin/python
"""Ansible's entry to blackstart/node/kube/argocd.py."""

from __future__ import annotations

import json

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.command import run
from ansible.module_utils.blackstart_node.kube.argocd import HELD, RESOURCE, SKIP, held, owners

DOCUMENTATION = r"""
module: blackstart_argocd_hold
short_description: Keep Argo CD from reconciling the Applications that own a workload
description:
  - Annotates the Applications themselves, and finds them again by that.
options:
  state: {description: Hold or let go., type: str, required: true, choices: [held, released]}
  kind: {description: Kind of the workload., type: str, default: DaemonSet}
  namespace: {description: Namespace of the workload., type: str, required: true}
  name: {description: Name of the workload., type: str, required: true}
  kubeconfig: {description: Path of the kubeconfig., type: str, required: true}
  server: {description: URL of the API server to go through., type: str, required: true}
author: blackstart
"""


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "required": True, "choices": ["held", "released"]},
            "kind": {"type": "str", "default": "DaemonSet"},
            "namespace": {"type": "str", "required": True},
            "name": {"type": "str", "required": True},
            "kubeconfig": {"type": "str", "required": True},
            "server": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    params = module.params
    kubectl = ["kubectl", f"--kubeconfig={params['kubeconfig']}", f"--server={params['server']}"]

    def ask(*words: str) -> str:
        ended = run([*kubectl, *words])
        if ended.status != 0:
            module.fail_json(msg=f"kubectl {' '.join(words[:3])} failed: {ended.said()}")
        return ended.out

    applications = json.loads(ask("get", RESOURCE, "--all-namespaces", "--output=json"))["items"]
    if params["state"] == "held":
        chosen = owners(applications, params["kind"], params["namespace"], params["name"])
        annotations = [f"{SKIP}=true", f"{HELD}=network repair"]
    else:
        chosen = held(applications)
        annotations = [f"{SKIP}-", f"{HELD}-"]
    names = [f"{app['metadata']['namespace']}/{app['metadata']['name']}" for app in chosen]
    if not module.check_mode:
        for name in names:
            namespace, _, application = name.partition("/")
            ask("annotate", RESOURCE, application, f"--namespace={namespace}", "--overwrite", *annotations)
    module.exit_json(changed=bool(names), applications=names)


if __name__ == "__main__":
    main()
