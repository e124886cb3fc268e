#!/usr/bin/python
"""Run several commands, one after the other, in one exchange with the machine; the first that fails ends it.

Where nothing keeps Python running (Mitogen does), each exchange starts it again: seconds on a slow or emulated machine.
"""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.command import run

DOCUMENTATION = r"""
module: blackstart_commands
short_description: Run commands in order, without a shell
description:
  - The first command that fails ends it.
options:
  commands: {description: Each as the list of its words., type: list, elements: list, required: true}
author: [blackstart]
"""

RETURN = "{}"


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={"commands": {"type": "list", "elements": "list", "required": True}}, supports_check_mode=True
    )
    if not module.check_mode:
        for words in module.params["commands"]:
            ended = run([str(word) for word in words])
            if ended.status != 0:
                text = f"{' '.join(map(str, words))} ended with status {ended.status}: {ended.printed()}"
                module.fail_json(msg=text)
    module.exit_json(changed=True)


if __name__ == "__main__":
    main()
