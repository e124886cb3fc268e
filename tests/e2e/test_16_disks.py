"""Somebody's data on disks that the inventory names: refused on all nodes at once, and still there afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.lab.harness import blackstart

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.lab.harness import Lab

pytestmark = pytest.mark.lab

FULL = {"casper-3": ("CASPER3C", "mkfs.ext4 -q -F"), "balthasar-2": ("BALTHASAR2B", "mkswap")}


def path(serial: str) -> str:
    return f"/dev/disk/by-id/nvme-PRACTICE_DISK_{serial}"


def content(lab: Lab) -> dict[str, str]:
    """Return a checksum of each disk's first 64 MiB, read past the cache."""
    read = "dd if={} bs=1M count=64 iflag=direct status=none | sha256sum"
    return {node: lab.ssh(node, read.format(path(serial))) for node, (serial, _) in FULL.items()}


@pytest.fixture(scope="module", autouse=True)
def _data(lab: Lab) -> Iterator[None]:
    """Put data on one disk of two nodes; the cold start afterwards finds them blank."""
    for node, (serial, make) in FULL.items():
        lab.ssh(node, f"{make} {path(serial)} && blockdev --flushbufs {path(serial)}")
    yield
    for node, (serial, _) in FULL.items():
        lab.ssh(node, f"blkdiscard --force {path(serial)}")


def test_every_node_s_disks_are_named_in_one_refusal(lab: Lab) -> None:
    before = content(lab)
    done = lab.up()
    assert done.returncode == 3, done.stdout + done.stderr
    assert "balthasar-2: nvme-PRACTICE_DISK_BALTHASAR2B (ceph) is refused" in done.stderr
    assert "found swap" in done.stderr
    assert "casper-3: nvme-PRACTICE_DISK_CASPER3C (ceph) is refused" in done.stderr
    assert "found ext4" in done.stderr
    assert "melchior-1: " not in done.stderr
    assert content(lab) == before
    assert lab.verb("disks").returncode == 3, "verb and role disagree"


def test_the_command_line_alone_wipes_nothing(lab: Lab) -> None:
    before = content(lab)
    done = lab.up("--yes-wipe", "CASPER3C")
    assert done.returncode == 3
    assert "add `wipe: CASPER3C` to nvme-PRACTICE_DISK_CASPER3C in host_vars/casper-3.yml" in done.stderr
    assert content(lab) == before


def test_a_typo_suggests_the_serial_that_was_meant(lab: Lab, overlay: Path) -> None:
    (overlay / "host_vars").mkdir()
    (overlay / "host_vars/casper-3.yml").write_text(
        "disks:\n  boot: {id: nvme-PRACTICE_DISK_CASPER3A, size_gb: 4}\n"
        "  ceph: [{id: nvme-PRACTICE_DISK_CASPER3C, serial: CASPER3C, size_gb: 6, wipe: CASPER3C}]\n"
    )
    before = content(lab)
    done = blackstart("-i", str(overlay), "up", "--yes-wipe", "CASPER3X")
    assert done.returncode == 3
    assert "was CASPER3C meant?" in done.stderr
    assert content(lab) == before
