"""Check that what answers is the ordered machine in an installer's live system, and see what is installed already.

What an earlier try left at work in the same live system is ended and unmounted.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import board
from ..command import run
from ..text import read

if TYPE_CHECKING:
    from ..module import Module

FIRMWARE = Path("/sys/firmware/efi/efivars")


def mark(path: Path) -> dict[str, Any]:
    """Return what a system says of its installation, empty when it says nothing."""
    try:
        found = json.loads(read(path))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def mounted(text: str, target: str) -> bool:
    """Tell whether something is mounted at target, by the text of /proc/self/mounts (pure)."""
    return target in {re.sub(r"\\040", " ", line.split()[1]) for line in text.splitlines() if line}


class Machine:
    """The machine that answers."""

    def __init__(self, module: Module) -> None:
        """Read nothing yet."""
        self.module = module
        self.told = module.params

    def refuse(self, text: str) -> None:
        """End with exit code 3."""
        self.module.fail_json(msg=text, blackstart_refused=True)

    def check(self) -> bool:
        """Refuse another machine or another system; return whether it already runs the ordered one."""
        found, here = board.serial(), mark(Path(self.told["mark"]))
        if self.told["board_serial"] not in {"", found}:
            self.refuse(
                f"found the mainboard with serial number {found or '(none)'}, wanted {self.told['board_serial']}: this "
                "is another machine, and nothing was written to it. Correct board_serial, or nic_lan.mac, in host_vars"
            )
        if here.get("id") == self.told["order"] and not here.get("live"):
            return True
        if not here.get("live") or here.get("node") != self.told["node"]:
            self.refuse(
                f"found {f'the system of {here}' if here else 'a system that no installer booted'}, wanted: a live "
                f"system booted for {self.told['node']}, as {self.told['mark']} would say. Nothing was written"
            )
        if not FIRMWARE.is_dir():
            self.refuse("the live system was booted by BIOS, wanted: UEFI. Switch CSM off in the firmware's setup")
        return False

    def clear(self) -> bool:
        """End and unmount what an earlier try left; return whether there was anything."""
        run(["systemctl", "stop", f"{self.told['unit']}.service"])
        if not mounted(read(Path("/proc/self/mounts")), self.told["target"]):
            return False
        if not self.module.check_mode:
            status, _, said = run(["umount", "--recursive", self.told["target"]])
            if status != 0:
                self.module.fail_json(
                    msg=f"{self.told['target']} of an earlier try cannot be unmounted: {said.strip()}"
                )
        return True

    def installed(self) -> bool:
        """Look on the disk for a complete system of this order; nothing is written, not even a log's replay."""
        part = f"{self.told['disk']}-part2"
        kind = run(["blkid", "--probe", "--output", "value", "--match-tag", "TYPE", part]).out.strip()
        quiet = {"ext4": "noload", "xfs": "norecovery"}.get(kind)
        if quiet is None or not os.path.exists(part):  # noqa: PTH110 - a device
            return False
        with tempfile.TemporaryDirectory(dir="/run") as folder:
            if run(["mount", "--options", f"ro,{quiet}", part, folder]).status != 0:
                return False
            try:
                return bool(mark(Path(folder + self.told["mark"])).get("id") == self.told["order"])
            finally:
                run(["umount", folder])
