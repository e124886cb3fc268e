#!/usr/bin/python
"""Ansible's entry to blackstart/node/files.py."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.files import InvalidError, ensure_all, remove, validate

DOCUMENTATION = r"""
module: blackstart_files
short_description: Ensure the content and mode of several text files
description:
  - Files belong to root. Folders that are missing are made with mode 0755.
options:
  files:
    description: Files that must be there.
    type: list
    elements: dict
    default: []
    suboptions:
      path: {description: Absolute path., type: path, required: true}
      content: {description: The text., type: str, required: true}
      mode: {description: Octal permissions., type: str, default: "0644"}
      block:
        description: Manage only the lines between two markers and keep what else is there.
        type: bool
        default: false
      validate:
        description:
          - A command that must succeed before the file is replaced; "%s" stands for the new file's name.
          - When it fails, the files before this one are put back as they were.
        type: list
        elements: str
        default: []
  absent:
    description: Paths that must not exist.
    type: list
    elements: path
    default: []
author: [blackstart]
"""

RETURN = r"""
changed_files: {description: Paths that were written or removed., returned: always, type: list, elements: str}
"""


def main() -> None:
    """Ensure every file, then every absence."""
    suboptions = {
        "path": {"type": "path", "required": True},
        "content": {"type": "str", "required": True},
        "mode": {"type": "str", "default": "0644"},
        "block": {"type": "bool", "default": False},
        "validate": {"type": "list", "elements": "str", "default": []},
    }
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "list", "elements": "dict", "default": [], "options": suboptions},
            "absent": {"type": "list", "elements": "path", "default": []},
        },
        supports_check_mode=True,
    )
    dry = module.check_mode
    try:
        diffs = ensure_all(module.params["files"], lambda entry: partial(validate, entry["validate"]), dry=dry)
        for path in module.params["absent"]:
            diffs.append(remove(Path(path), dry=dry))
    except InvalidError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"cannot write {error.filename}: {error.strerror}")
    found = [diff for diff in diffs if diff]
    module.exit_json(changed=bool(found), changed_files=[diff["after_header"] for diff in found], diff=found)


if __name__ == "__main__":
    main()
