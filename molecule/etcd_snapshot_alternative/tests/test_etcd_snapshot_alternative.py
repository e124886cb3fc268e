"""The copy of a stopped member is whole and says how far it is; the newest two are kept, and what is not ours."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from blackstart.engine import process

if TYPE_CHECKING:
    from conftest import Kubectl, Refused, Until
    from testinfra.host import Host

IMAGE = "registry.k8s.io/etcd:3.6.6-0"
SOON = 120  # seconds until the API is there again


@pytest.fixture
def newest() -> Path:
    folder = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "snapshots-alternative"
    return max(folder.glob("etcd-*.db"))


def test_the_member_is_down_and_a_running_one_is_not_made_up(refused: Refused, host: Host) -> None:
    assert host.run("pgrep --exact etcd").rc == 1
    refused("etcd_snapshot", "no etcd container runs on this node", etcd_snapshot_source="member")


@pytest.mark.usefixtures("host")  # without it pytest would put this last, when the member runs again
def test_what_could_not_be_proven_is_not_taken(refused: Refused) -> None:
    (failed,) = (
        task
        for task in refused("etcd_snapshot", "etcd_snapshot_image is 'etcd:none'", etcd_snapshot_image="etcd:none")
        if task["status"] == "failed"
    )
    assert f"It has {IMAGE}" in failed["message"]
    refused("etcd_snapshot", "there is no /srv/member/snap/db on this node", etcd_snapshot_data="/srv")


def test_the_copy_says_what_it_is(newest: Path, host: Host) -> None:
    content, described = newest.read_bytes(), json.loads(newest.with_suffix(".json").read_text())
    assert hashlib.sha256(content[:-32]).digest() == content[-32:]
    original = host.file("/var/lib/etcd/member/snap/db").sha256sum
    assert hashlib.sha256(content[:-32]).hexdigest() == original
    assert described["source"] == "stopped"
    assert described["keys"] > 100
    assert described["revision"] >= int(host.file("/root/canary").content_string)
    assert described["reason"] == "before a member of the test is removed"
    assert host.check_output("ls -A /var/lib/etcd") == "member"


def test_etcd_restores_it_without_a_word_of_doubt(newest: Path, host: Host) -> None:
    """Its own tool checks the sum at the end, unless told to skip that."""
    host.check_output("mkdir -p -m 0700 /root/stopped")
    ssh = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "ssh_config"
    process.run(["scp", "-q", "-F", ssh, newest, "melchior-1:/root/stopped/snapshot.db"])
    mount = "--mount=type=bind,src=/root/stopped,dst=/stopped,options=rbind:rw"
    restore = "etcdutl snapshot restore /stopped/snapshot.db --data-dir=/stopped/data"
    restored = host.run(f"ctr --namespace=k8s.io run --rm {mount} {IMAGE} restore {restore}")
    there = host.file("/root/stopped/data/member/snap/db").exists
    host.check_output("rm -r /root/stopped")
    assert (restored.rc, there) == (0, True), restored.stderr


def test_the_member_comes_back(host: Host, kubectl: Kubectl, until: Until) -> None:
    host.check_output("systemctl kill --signal=SIGCONT kubelet.service")
    until(lambda: kubectl("secret", "canary", "--namespace=default")["data"]["song"] == "dHdlZXQ=", SOON)


def test_the_newest_are_kept_and_nothing_else_is_touched(newest: Path) -> None:
    mine, _ = sorted(newest.parent.glob("etcd-*.db"))
    assert mine.name == "etcd-20200103T000000Z.db"
    assert mine.read_text() == mine.name
    assert {path.name for path in newest.parent.iterdir()} == {
        "before-the-upgrade.db",
        mine.name,
        newest.name,
        newest.with_suffix(".json").name,
    }
