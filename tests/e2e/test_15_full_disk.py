"""A disk that is too small for the images: said with figures before it is filled, and gone on from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.lab.harness import Lab

pytestmark = pytest.mark.lab


def test_a_full_disk_on_one_node_is_named(lab: Lab) -> None:
    lab.ssh("casper-3", "mount -t tmpfs -o size=64m tmpfs /var/lib/containerd")
    try:
        done = lab.up()
        free = int(lab.ssh("casper-3", "df --output=avail -B1M /var/lib/containerd | tail -1"))
    finally:
        lab.ssh("casper-3", "systemctl stop blackstart-preload containerd; umount --lazy /var/lib/containerd")
    assert done.returncode == 7, done.stdout + done.stderr
    assert "casper-3" in done.stderr
    assert "no space left" in done.stderr
    assert "Traceback" not in done.stderr
    assert free > 0
    assert lab.ssh("melchior-1", "ls /etc/kubernetes/manifests 2>/dev/null; true") == ""
