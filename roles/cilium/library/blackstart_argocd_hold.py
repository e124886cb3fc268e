#!/usr/bin/python
"""Keep Argo CD's hands off the Applications that own a workload, and give them back.

What is held is written on the Application itself, so that whoever comes next can give it back when this run was cut
off. The first annotation is Argo CD's own (common/common.go, AnnotationKeyAppSkipReconcile), the second says that it
was us: an Application that a person told to skip is left as it is.
"""

from __future__ import annotations

import json
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.command import run

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

SKIP = "argocd.argoproj.io/skip-reconcile"
HELD = "blackstart.io/held"
RESOURCE = "applications.argoproj.io"


def owners(applications: list[dict[str, Any]], kind: str, namespace: str, name: str) -> list[dict[str, Any]]:
    """Return the Applications that manage the workload and that nobody told to skip yet."""

    def manages(application: dict[str, Any]) -> bool:
        resources = application.get("status", {}).get("resources", [])
        return any((r.get("kind"), r.get("namespace"), r.get("name")) == (kind, namespace, name) for r in resources)

    return [app for app in applications if manages(app) and SKIP not in app["metadata"].get("annotations", {})]


def held(applications: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the Applications that we told to skip."""
    return [app for app in applications if HELD in app["metadata"].get("annotations", {})]


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
