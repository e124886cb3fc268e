"""What roles manage on a node (files, packages, units), and the receipts that they left of it.

/var/lib/blackstart/receipts/<phase>.json holds {"inputs", "files": {path: sha256 or null}, "packages": {name: version},
"units": {unit: ActiveState}} as they were when the role last succeeded.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import pacman
from .command import output
from .text import replace

if TYPE_CHECKING:
    from collections.abc import Iterable

RECEIPTS = Path("/var/lib/blackstart/receipts")
_GONE = {"inactive", "failed"}


def digest(path: Path) -> str | None:
    """Return a file's SHA-256, for a folder that of all names and contents below it; None when it is not there."""
    found = hashlib.sha256()
    try:
        if path.is_dir():
            for entry in sorted(path.iterdir()):
                found.update(f"{entry.name}\0{digest(entry)}\0".encode())
        else:
            with path.open("rb") as file:
                for block in iter(lambda: file.read(1 << 20), b""):
                    found.update(block)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.hexdigest()


def units(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return each unit's ActiveState and UnitFileState, by one call; empty where systemd does not answer."""
    wanted = sorted(set(names))
    if not wanted:
        return {}
    return parse_units(wanted, output(["systemctl", "show", "--property=ActiveState,UnitFileState", "--", *wanted]))


def parse_units(names: list[str], text: str) -> dict[str, dict[str, str]]:
    """Read systemctl show: a block of KEY=VALUE lines per unit, in the order asked for, with empty lines between."""
    blocks = [dict(line.split("=", 1) for line in block.splitlines()) for block in text.strip().split("\n\n")]
    return {
        name: {"active": block.get("ActiveState", ""), "enabled": block.get("UnitFileState", "")}
        for name, block in zip(names, blocks)
        if block
    }


def read_receipts(folder: Path = RECEIPTS) -> dict[str, dict[str, Any]]:
    """Return what roles left, by phase; a receipt that cannot be read is none."""
    found = {file.stem: _receipt(file) for file in folder.glob("*.json")}
    return {phase: receipt for phase, receipt in found.items() if receipt}


def _receipt(file: Path) -> dict[str, Any]:
    """Return a receipt; empty when it is not one, for it may be half-written or of another version of this program."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        known = isinstance(said["inputs"], str) and all(
            isinstance(value, (str, type(None)))
            for part in ("files", "packages", "units")
            for value in said[part].values()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return said if known else {}


def drift(receipt: dict[str, Any], installed: dict[str, str], running: dict[str, dict[str, str]]) -> list[str]:
    """Name what is no longer as a receipt says: files, packages, and units that ran then and are down now.

    A unit that is on its way (the kubelet starts over and over until there is a cluster) is not drift.
    """
    said = []
    for path, then in receipt["files"].items():
        now = digest(Path(path))
        if now != then:
            said.append(f"{path} {'is gone' if now is None else 'appeared' if then is None else 'was changed'}")
    for name, then in receipt["packages"].items():
        if installed.get(name, "") != then:
            said.append(f"package {name} is {installed.get(name) or 'not installed'}, was {then or 'not installed'}")
    for name, then in receipt["units"].items():
        now = running.get(name, {}).get("active", "")
        if then not in _GONE and now in _GONE:
            said.append(f"unit {name} is {now}, was {then}")
    return said


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Write receipts: request {"receipts": {phase: {"inputs", "files", "packages", "units"}}}, the last three lists."""
    asked = request["receipts"]
    installed = pacman.installed()
    running = units(name for wanted in asked.values() for name in wanted["units"])
    RECEIPTS.mkdir(parents=True, exist_ok=True)
    for phase, wanted in asked.items():
        receipt = {
            "inputs": wanted["inputs"],
            "files": {path: digest(Path(path)) for path in wanted["files"]},
            "packages": {name: installed.get(name, "") for name in wanted["packages"]},
            "units": {name: running.get(name, {}).get("active", "") for name in wanted["units"]},
        }
        replace(RECEIPTS / f"{phase}.json", json.dumps(receipt, indent=1, sort_keys=True) + "\n", 0o644)
    return {"written": sorted(asked)}
