"""Install packages that were fetched and proven into a new root, with nothing else to ask of any network.

pacstrap runs in a systemd unit: what it leaves behind (a gpg-agent that holds the target) ends with it, and a run that
lost its connection can be ended by name.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ..command import in_unit, run

if TYPE_CHECKING:
    from ..module import Module

TROUBLE = re.compile(r"error:|==> ERROR|.* exists in filesystem")


class Target:
    """The new root."""

    def __init__(self, module: Module) -> None:
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
