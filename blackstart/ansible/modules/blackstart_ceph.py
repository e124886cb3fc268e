#!/usr/bin/python
"""Ansible's entry to blackstart/node/ceph/quiet.py."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.ceph.client import CephError
from ansible.module_utils.blackstart_node.ceph.quiet import Call
from ansible.module_utils.blackstart_node.kubectl import OPTIONS, KubectlError

DOCUMENTATION = r"""
module: blackstart_ceph
short_description: Look at Ceph, make a host quiet, undo that
description:
  - A mark in Ceph's key-value store says for which order a host was made quiet, and which flags are ours.
options:
  state:
    description: looked only looks, quiet marks and sets noout, back unsets it and removes the mark.
    type: str
    required: true
    choices: [looked, quiet, back]
  command:
    description: The command line that leads to ceph; empty finds Rook's toolbox or monitor through kubectl.
    type: list
    elements: str
    default: []
  host: {description: The host's name in the CRUSH map., type: str, required: true}
  node: {description: Its Kubernetes name., type: str, required: true}
  mark: {description: What to write before noout is set., type: dict}
  noout: {description: Numbers of the OSDs whose flag is set or unset., type: list, elements: int, default: []}
  fail: {description: The manager that is to hand over., type: str, default: ""}
  mons: {description: The host's monitors., type: list, elements: str, default: []}
  kubeconfig: {description: Path of the kubeconfig., type: str, required: true}
  server: {description: URL of the API server to go through., type: str, required: true}
  namespace: {description: Rook's namespace., type: str, default: rook-ceph}
author: [blackstart]
"""

RETURN = r"""
present: {description: Whether there is a Ceph., returned: always, type: bool}
seen: {description: What was seen., returned: when state is looked and there is a Ceph, type: dict}
silent: {description: Why Ceph could not be asked., returned: when it could not, type: str}
done: {description: What was done., returned: when state is quiet or back, type: list, elements: str}
"""


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "state": {"type": "str", "required": True, "choices": ["looked", "quiet", "back"]},
            "command": {"type": "list", "elements": "str", "default": []},
            "host": {"type": "str", "required": True},
            "node": {"type": "str", "required": True},
            "mark": {"type": "dict"},
            "noout": {"type": "list", "elements": "int", "default": []},
            "fail": {"type": "str", "default": ""},
            "mons": {"type": "list", "elements": "str", "default": []},
            **OPTIONS,
            "namespace": {"type": "str", "default": "rook-ceph"},
        },
        supports_check_mode=True,
    )
    call = Call(module)
    todo = {"looked": call.looked, "quiet": call.quiet, "back": call.back}
    try:
        ceph = call.ceph()
        if ceph is None:
            module.exit_json(changed=False, present=False)
        module.exit_json(present=True, **todo[module.params["state"]](ceph))
    except (CephError, KubectlError) as error:
        if module.params["state"] == "looked":
            module.exit_json(changed=False, present=True, silent=str(error))
        module.fail_json(msg=f"{error}. Done before it: {', '.join(call.done) or 'nothing'}")


if __name__ == "__main__":
    main()
