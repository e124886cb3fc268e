#!/usr/bin/python
"""Install packages that were fetched and proven into a new root, with nothing else to ask of any network.

pacstrap runs in a systemd unit: what it leaves behind (a gpg-agent that holds the target) ends with it, and a run that
lost its connection can be ended by name.
"""

from __future__ import annotations

import re
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.command import in_unit, run

DOCUMENTATION = r"""
module: blackstart_pacstrap
short_description: Install packages from files into a new root
options:
  files: {description: The packages' files, with all that they need., type: list, elements: path, required: true}
  dependencies: {description: Packages that are there for others only., type: list, elements: str, required: true}
  room: {description: Where pacman.conf and the new system's keyring (gnupg) are., type: path, required: true}
  target: {description: The new root., type: path, required: true}
  unit: {description: The unit in which it runs; UNIT-keyring makes the new system's., type: str, required: true}
author: [blackstart]
"""

RETURN = "{}"
TROUBLE = re.compile(r"error:|==> ERROR|.* exists in filesystem")


class Target:
    """The new root."""

    def __init__(self, module: AnsibleModule) -> None:
        """Touch nothing yet."""
        self.module = module
        self.path = Path(module.params["target"])
        self.room = Path(module.params["room"])

    def take_keyring(self) -> None:
        """Wait for the keyring that was begun; when there is none, pacstrap makes one."""
        unit, room = f"{self.module.params['unit']}-keyring.service", self.path / "etc/pacman.d"
        status = run(["systemctl", "start", unit]).status
        run(["systemctl", "stop", unit])  # with its gpg-agent
        room.mkdir(parents=True, exist_ok=True)
        if status == 0 and not (room / "gnupg").exists():
            self.run("cp", "--archive", str(self.room / "gnupg"), str(room / "gnupg"))

    def install(self) -> None:
        """Unpack all packages and run their hooks."""
        # Its own keyring (-K: made when none is there), no mirror list of the live system (-M), from files (-U).
        words = ["pacstrap", "-K", "-M", "-U", "-C", str(self.room / "pacman.conf"), str(self.path)]
        self.run(*in_unit(self.module.params["unit"]), *words, *self.module.params["files"])
        if names := self.module.params["dependencies"]:
            database = str(self.path / "var/lib/pacman")
            self.run("pacman", "--database", "--quiet", "--asdeps", "--dbpath", database, *names)

    def run(self, *words: str) -> None:
        """Run a command; the task fails with what it said."""
        ended = run(words)
        if ended.status != 0:
            self.module.fail_json(msg=f"packages could not be installed:\n{ended.printed(pick=TROUBLE)}")


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "files": {"type": "list", "elements": "path", "required": True},
            "dependencies": {"type": "list", "elements": "str", "required": True},
            "room": {"type": "path", "required": True},
            "target": {"type": "path", "required": True},
            "unit": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    if not module.check_mode:
        target = Target(module)
        target.take_keyring()
        target.install()
    module.exit_json(changed=True)


if __name__ == "__main__":
    main()
