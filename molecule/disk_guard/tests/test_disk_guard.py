"""Blank disks are usable, and the node keeps the verdicts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from testinfra.host import Host


def test_blank_disks_are_usable(host: Host) -> None:
    found = json.loads(host.file("/var/lib/blackstart/disks.json").content_string)["disks"]
    assert [(disk["id"], disk["state"], disk["there"]) for disk in found] == [
        ("nvme-PRACTICE_DISK_MELCHIOR1B", "usable", True),
        ("nvme-PRACTICE_DISK_MELCHIOR1C", "usable", True),
    ]
