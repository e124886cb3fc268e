#!/usr/bin/python
"""Ansible module: several small text files in one task, written whole and atomically.

A task costs a third of a second per node and file with ansible.builtin.copy; a role that manages eight files says
them in one list instead, and its diff shows each.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: blackstart_files
short_description: Ensure the content and mode of several text files
options:
  files:
    description: Files to write, each with path, content, an optional mode (default "0644"), and block, which keeps
      what else the file holds and manages only the lines between two markers.
    type: list
    elements: dict
    required: true
  absent:
    description: Paths that must not exist.
    type: list
    elements: str
    default: []
author: [blackstart]
"""

RETURN = r"""
changed_files:
  description: Paths that were written or removed.
  returned: always
  type: list
  elements: str
"""

import os
from typing import Any

from ansible.module_utils.basic import AnsibleModule

BEGIN, END = "# BEGIN blackstart", "# END blackstart"


def with_block(before: str, content: str) -> str:
    """Return the text with our block in place of the one it had, or at its end (pure)."""
    block = f"{BEGIN}\n{content.rstrip()}\n{END}\n"
    head, found, rest = before.partition(BEGIN)
    if found:
        _, _, tail = rest.partition(f"{END}\n")
        return head + block + tail
    return (before.rstrip("\n") + "\n" if before.strip() else "") + block


def write(path: str, content: str, mode: int) -> None:
    """Write a file beside the old one and rename it into place: a power cut leaves one or the other."""
    os.makedirs(os.path.dirname(path), mode=0o755, exist_ok=True)
    fresh = f"{path}.blackstart-new"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
        os.fchmod(descriptor, mode)
        file.flush()
        os.fsync(descriptor)
    os.rename(fresh, path)


def ensure(entry: dict[str, Any], *, dry: bool) -> dict[str, str] | None:
    """Bring one file to its content and mode; return the diff, or None when it was right already."""
    path, mode = entry["path"], int(str(entry.get("mode", "0644")), 8)
    try:
        with open(path, encoding="utf-8") as file:
            before, old_mode = file.read(), os.fstat(file.fileno()).st_mode & 0o7777
    except FileNotFoundError:
        before, old_mode = "", -1
    after = with_block(before, entry["content"]) if entry.get("block") else entry["content"]
    if (before, old_mode) == (after, mode):
        return None
    if not dry:
        write(path, after, mode)
    return {"before_header": path, "after_header": path, "before": before, "after": after}


def main() -> None:
    """Ensure every file, then every absence."""
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "list", "elements": "dict", "required": True},
            "absent": {"type": "list", "elements": "str", "default": []},
        },
        supports_check_mode=True,
    )
    dry = module.check_mode
    try:
        diffs = [diff for entry in module.params["files"] if (diff := ensure(entry, dry=dry))]
        gone = [path for path in module.params["absent"] if os.path.lexists(path)]
        if not dry:
            for path in gone:
                os.unlink(path)
    except OSError as error:
        module.fail_json(msg=f"{error.filename}: {error.strerror}")
    diffs += [{"before_header": path, "after_header": path, "before": "(there)", "after": ""} for path in gone]
    module.exit_json(changed=bool(diffs), changed_files=[diff["after_header"] for diff in diffs], diff=diffs)


if __name__ == "__main__":
    main()
