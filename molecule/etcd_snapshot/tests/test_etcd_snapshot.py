"""A whole snapshot lies on the control machine, for its owner alone, and nothing of it on the node."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from testinfra.host import Host


@pytest.fixture
def folder() -> Path:
    return Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "snapshots"


@pytest.fixture
def snapshot(folder: Path) -> Path:
    (path,) = folder.glob("etcd-*.db")
    return path


@pytest.fixture
def described(snapshot: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(snapshot.with_suffix(".json").read_text())
    return document


def test_only_its_owner_can_read_it(folder: Path, snapshot: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700
    assert snapshot.stat().st_mode & 0o777 == 0o600
    assert snapshot.with_suffix(".json").stat().st_mode & 0o777 == 0o600


def test_it_is_whole_and_said_to_be_what_it_is(snapshot: Path, described: dict[str, Any], host: Host) -> None:
    content = snapshot.read_bytes()
    assert hashlib.sha256(content).hexdigest() == described["sha256"]
    assert hashlib.sha256(content[:-32]).digest() == content[-32:]
    assert described["size"] == len(content)
    assert described["keys"] > 100
    assert described["node"] == "melchior-1"
    document = host.check_output("kubectl --kubeconfig=/etc/kubernetes/admin.conf get secret canary -o json")
    assert described["revision"] >= int(json.loads(document)["metadata"]["resourceVersion"])


def test_nothing_half_written_is_left_and_nothing_on_the_node(folder: Path, snapshot: Path, host: Host) -> None:
    assert sorted(folder.iterdir()) == sorted([snapshot, snapshot.with_suffix(".json")])
    assert host.check_output("ls -A /var/lib/etcd") == "member"
