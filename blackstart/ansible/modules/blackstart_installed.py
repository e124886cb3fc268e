#!/usr/bin/python
"""Check what an installation brought: the packages' versions, and programs that are real files. Changes nothing."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from ansible.module_utils.basic import AnsibleModule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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

DATABASE = Path("/var/lib/pacman/local")
PARTS = 3  # name, version, release


def versions(folders: Iterable[str]) -> dict[str, str]:
    """Return upstream's version of each package out of the database's folders (pure); an epoch is left out."""
    parts = (folder.rsplit("-", PARTS - 1) for folder in folders)
    return {part[0]: part[1].rpartition(":")[2] for part in parts if len(part) == PARTS}


def wrong_packages(wanted: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """Return a sentence for each package that is not at its version (pure)."""
    said = []
    for name, version in wanted.items():
        want, have = version.removeprefix("v"), found.get(name)
        if have != want:
            said.append(f"{name} is {f'at {have}' if have else 'not installed'}, wanted: {want}")
    return said


def wrong_programs(paths: Iterable[str]) -> list[str]:
    """Return a sentence for each path that is not a regular, executable file."""
    said = []
    for path in map(Path, paths):
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            said.append(f"{path} is not there")
            continue
        if not stat.S_ISREG(mode):
            kind = f"a link to {path.readlink()}" if stat.S_ISLNK(mode) else "no regular file"
            said.append(f"{path} is {kind}, wanted: the program itself")
        elif not mode & stat.S_IXUSR:
            said.append(f"{path} is not executable")
    return said


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
