#!/usr/bin/python
"""Ansible's entry to blackstart/node/helm.py."""

from __future__ import annotations

import os
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.helm import Release
from ansible.module_utils.blackstart_node.kubectl import OPTIONS, KubectlError
from ansible.module_utils.blackstart_node.module import failing_for

DOCUMENTATION = r"""
module: blackstart_helm_release
short_description: Install or upgrade a Helm release when it differs
description:
  - Compares chart version, user values and one rendered ConfigMap with the cluster before it changes anything.
options:
  name: {description: Name of the release., type: str, required: true}
  namespace: {description: Namespace of the release., type: str, required: true}
  chart: {description: Path of the chart's archive on this node., type: str, required: true}
  version: {description: Version of the chart., type: str, required: true}
  values_file: {description: Path of the values as JSON on this node., type: str, required: true}
  config_map: {description: A ConfigMap of the release whose live data must be as rendered., type: str, default: ""}
  force: {description: Upgrade even when nothing differs., type: bool, default: false}
  kubeconfig: {description: Path of the kubeconfig., type: str, required: true}
  server: {description: URL of the API server to go through., type: str, required: true}
author: blackstart
"""


def main() -> None:
    """Enter from Ansible."""
    text = {"type": "str", "required": True}
    module = AnsibleModule(
        argument_spec={
            **dict.fromkeys(("name", "namespace", "chart", "version", "values_file"), text),
            "config_map": {"type": "str", "default": ""},
            "force": {"type": "bool", "default": False},
            **OPTIONS,
        },
        supports_check_mode=True,
    )
    with tempfile.TemporaryDirectory(prefix="blackstart-helm-") as home:
        release = Release(module, home)
        if module.check_mode and not os.path.exists(module.params["values_file"]):  # noqa: PTH110 - one line, no pathlib
            module.exit_json(changed=True, msg="would be installed")
        with failing_for(module, KubectlError):
            result = release.apply()
    module.exit_json(**result)


if __name__ == "__main__":
    main()
