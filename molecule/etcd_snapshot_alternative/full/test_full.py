"""Refused before anything is written: disks without room, with the numbers, and files of an etcd that runs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from blackstart.engine import process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Refused
    from testinfra.host import Host


RUNNING = {"etcd_snapshot_source": "member"}


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 128 KiB on this machine: the database of a cluster that has just begun is small."""
    folder = tmp_path / "small"
    folder.mkdir()
    process.run(["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", folder])
    yield folder
    process.run(["umount", folder])


def test_a_full_node_is_refused(refused: Refused, host: Host) -> None:
    told = "no space left for a snapshot of etcd: /var/lib/etcd/small has 0.1 MiB free, wanted: "
    tasks = refused("etcd_snapshot", told, etcd_snapshot_folder="/var/lib/etcd/small", **RUNNING)
    assert (
        tasks[-1]["task"] == "Check that the member is healthy, or stopped as declared, and has room for the snapshot"
    )
    assert host.check_output("ls -A /var/lib/etcd/small") == ""


def test_a_full_control_machine_is_refused(refused: Refused, host: Host, small: Path) -> None:
    told = f"no space left for a snapshot of etcd: {small} on the control machine has 0.1 MiB free, wanted: "
    refused("etcd_snapshot", told, etcd_snapshot_destination=str(small), **RUNNING)
    assert list(small.iterdir()) == []
    assert host.check_output("ls -A /var/lib/etcd") == "member\nsmall"


def test_files_of_an_etcd_that_runs_are_not_copied(refused: Refused, host: Host) -> None:
    refused("etcd_snapshot", "etcd runs on this node, and a copy of its files would be torn")
    assert host.check_output("ls -A /var/lib/etcd") == "member\nsmall"


def test_older_snapshots_are_all_kept() -> None:
    folder = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "snapshots-alternative"
    assert len(list(folder.iterdir())) == 5
