#!/usr/bin/python
"""Ansible's entry to blackstart/node/gpu/modprobe.py."""

from __future__ import annotations

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.gpu.modprobe import (
    EMPTY,
    EMPTY_IT,
    REGENERATE,
    REMOVE,
    WRITE,
    existing,
    mkinitcpio,
    regenerate,
    remove,
    replace,
    steps,
)

DOCUMENTATION = r"""
module: blackstart_modprobe
short_description: Ensure a file of module options and the images of the next start
description:
  - An image is made anew when it is older than the file; a file that must go is emptied first.
options:
  path: {description: The file below /etc/modprobe.d., type: path, required: true}
  content: {description: Its text; empty when there must be no file., type: str, default: ""}
  presets: {description: Where mkinitcpio's presets name the images., type: path, default: /etc/mkinitcpio.d}
author: [blackstart]
"""

RETURN = r"""
done: {description: What was changed; without mkinitcpio no image is., returned: always, type: list, elements: str}
"""


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "content": {"type": "str", "default": ""},
            "presets": {"type": "path", "default": "/etc/mkinitcpio.d"},
        },
        supports_check_mode=True,
    )
    path, wanted = Path(module.params["path"]), module.params["content"]
    before = path.read_text(encoding="utf-8") if path.exists() else None
    written = path.stat().st_mtime if path.exists() else 0.0
    stale = any(image.stat().st_mtime < written for image in existing(Path(module.params["presets"])))
    # Without mkinitcpio nothing can be done about an old image, and a change that never ends would be reported.
    todo = steps(before, wanted, stale=stale and mkinitcpio() is not None)
    verbs = {
        WRITE: lambda: replace(path, wanted),
        EMPTY_IT: lambda: replace(path, EMPTY),
        REGENERATE: lambda: regenerate(module, path),
        REMOVE: lambda: remove(path),
    }
    done = list(todo) if module.check_mode else [verbs[step]() for step in todo]
    diff = {"before_header": str(path), "after_header": str(path), "before": before or "", "after": wanted}
    module.exit_json(changed=bool(todo), done=done, diff=diff)


if __name__ == "__main__":
    main()
