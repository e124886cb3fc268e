#!/usr/bin/python
"""Ansible's entry to blackstart/node/pacman.py."""

from __future__ import annotations

import os

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.pacman import DATABASE, versions, wrong_packages, wrong_programs

DOCUMENTATION = r"""
module: blackstart_installed
short_description: Check versions of installed packages, and programs
description:
  - Reads pacman's local database, in which each folder is named NAME-VERSION-RELEASE.
  - In check mode what is not there is no fault, since nothing could be installed.
options:
  packages:
    description: Versions as upstream writes them, by package; a leading v does not count.
    type: dict
    default: {}
  programs:
    description: Paths that must be regular files and executable.
    type: list
    elements: path
    default: []
  hint: {description: What to do about it., type: str, default: ""}
author: [blackstart]
"""

RETURN = "{}"


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "packages": {"type": "dict", "default": {}},
            "programs": {"type": "list", "elements": "path", "default": []},
            "hint": {"type": "str", "default": ""},
        },
        supports_check_mode=True,
    )
    wanted: dict[str, str] = module.params["packages"]
    programs: list[str] = module.params["programs"]
    found = versions(path.name for path in DATABASE.iterdir())
    if module.check_mode:
        wanted = {name: version for name, version in wanted.items() if name in found}
        programs = [path for path in programs if os.path.lexists(path)]
    if said := wrong_packages(wanted, found) + wrong_programs(programs):
        module.fail_json(msg=". ".join(filter(None, ["; ".join(said), module.params["hint"]])))
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
