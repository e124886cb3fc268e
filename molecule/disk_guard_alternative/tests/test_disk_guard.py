"""An OSD of ours stays one, and a disk that is not there ends nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from testinfra.host import Host


def test_each_disk_is_what_it_is(host: Host) -> None:
    found = json.loads(host.file("/var/lib/blackstart/disks.json").content_string)["disks"]
    assert [(disk["id"][-1], disk["state"], disk["there"]) for disk in found] == [
        ("B", "ours", True),
        ("A", "usable", True),
        ("Z", "refused", False),
    ]
    assert found[0]["said"] == "OSD 4 of cluster 6a1b0c5e-6f0f-4c7e-9b1a-0f8a4b1c2d3e"
    assert "nvme-PRACTICE_DISK_MELCHIOR1Z" in found[2]["said"]


def test_the_osd_s_label_is_still_there(host: Host) -> None:
    assert (
        host.check_output("head --bytes=22 /dev/disk/by-id/nvme-PRACTICE_DISK_MELCHIOR1B") == "bluestore block device"
    )
