"""What the disk guard last found on this node, and which of those disks are there now: two stats, no survey.

/var/lib/blackstart/disks.json holds {"disks": [{"id", "state", "said", "there"}]}, as the role disk_guard left it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

VERDICTS = Path("/var/lib/blackstart/disks.json")
BY_ID = Path("/dev/disk/by-id")


def read(file: Path = VERDICTS, by_id: Path = BY_ID) -> list[dict[str, Any]]:
    """Return each disk's verdict, with `there` as it was then and `now`; empty when there is no file to be read."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))["disks"]
        return [{**_verdict(entry), "now": (by_id / entry["id"]).exists()} for entry in said]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _verdict(entry: dict[str, Any]) -> dict[str, Any]:
    text = {name: str(entry[name]) for name in ("id", "state", "said")}
    return {**text, "there": bool(entry["there"])}
