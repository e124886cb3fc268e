"""`blackstart disks` from outside, over a real sshd that stands for all nodes; and what it prints of many machines."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from blackstart.cli.disks import as_document, text
from tests.support.disks.machines import MACHINES, judged
from tests.support.sshd import free_port, listening, make_key

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
NODES = {"melchior-1": 13, "balthasar-2": 14, "casper-3": 15}
A = "nvme-CT2000P310SSD8_252350935F8C"


class Cluster:
    """A copy of the homelab whose nodes are this machine, by loopback addresses."""

    def __init__(self, room: Path) -> None:
        self.room, self.port = room, free_port()
        self.inventory = Path(shutil.copytree(ROOT / "inventory" / "homelab", room / "mine"))
        for path in self.inventory.rglob("*.yml"):
            words = path.read_text().replace("192.168.1.", "127.0.10.")
            path.write_text(words.replace("git.example.invalid/CHANGE-ME", "git.example.org/me"))
        for name in NODES:
            path = self.inventory / "host_vars" / f"{name}.yml"
            user = f"# Who we are there.\nansible_user: {getuser()}\n# Where sshd listens.\nansible_port: {self.port}\n"
            path.write_text(path.read_text() + user)
        state = room / "state" / "blackstart" / "k8s-homelab"
        state.mkdir(parents=True)
        self.own, self.host = make_key(state / "id_ed25519"), make_key(room / "host")
        kind, key, *_ = self.host.with_suffix(".pub").read_text().split()
        lines = [f"[127.0.10.{last}]:{self.port} {kind} {key}\n" for last in NODES.values()]
        (state / "known_hosts").write_text("".join(lines))

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "blackstart", "-i", "mine", *words],
            cwd=self.room,
            env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(self.room / "state"), "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return the cluster with sshd listening for all nodes but casper-3."""
    made = Cluster(tmp_path_factory.mktemp("disks"))
    shutil.copy(made.own.with_suffix(".pub"), made.room / "authorized_keys")
    with listening(made.room, made.port, "127.0.10.13", "127.0.10.14"):
        yield made


def test_disks_that_are_not_there_are_refused_with_the_next_command(cluster: Cluster) -> None:
    done = cluster.run("--limit", "melchior-1", "disks")
    assert (done.returncode, done.stderr) == (3, "")
    assert f"{A} is not below /dev/disk/by-id/; wanted: a disk" in done.stdout
    assert "  -> on melchior-1: ls -l /dev/disk/by-id/" in done.stdout


def test_a_placeholder_is_to_be_filled_in_and_no_refusal(cluster: Cluster) -> None:
    """As `check` has it: what only an installation needs stops nothing before; its names are what one looks up here."""
    named = cluster.inventory / "host_vars" / "melchior-1.yml"
    before = named.read_text()
    start, end = before.index("  ceph:"), before.index("# The LAN's")
    named.write_text(f"{before[:start]}  ceph: []\n{before[end:]}")
    try:
        done = cluster.run("--limit", "melchior-1", "disks")
    finally:
        named.write_text(before)
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = (line for line in done.stdout.splitlines() if "CHANGE-ME-boot-disk-of-melchior-1" in line.split())
    assert line.split()[2:6] == ["boot", "to", "fill", "in"]
    # Where the name goes; which it is, where this machine's own boot disk has one.
    assert re.search("^ +-> .* into host_vars/melchior-1.yml$", done.stdout, re.MULTILINE)


def test_one_document_has_all_nodes_and_those_out_of_reach(cluster: Cluster) -> None:
    done = cluster.run("disks", "--json")
    assert (done.returncode, done.stderr) == (3, "")
    document = json.loads(done.stdout)
    assert list(document["unreachable"]) == ["casper-3"]
    named = [disk for disk in document["disks"] if disk["role"] == "ceph"]
    assert [(disk["node"], disk["state"]) for disk in named] == [
        (node, "refused") for node in ("melchior-1", "melchior-1", "balthasar-2", "balthasar-2")
    ]
    assert document["rook"] == {"nodes": [], "device_path_filters": {}}
    assert document["seed"]


def test_a_node_out_of_reach_is_4(cluster: Cluster) -> None:
    done = cluster.run("--limit", "casper-3", "disks")
    assert done.returncode == 4
    assert "casper-3: 127.0.10.15 is up, but nothing listens" in done.stdout


def document(name: str) -> dict[str, Any]:
    verdicts = tuple(judged(MACHINES[name]).values())
    return dict(json.loads(json.dumps(as_document("mine", verdicts, {}, "1"))))


def test_the_table_says_how_far_blank_can_be_believed() -> None:
    lines = text(tuple(judged(MACHINES["blank"]).values()), {}).splitlines()
    assert lines[0].split() == ["node", "disk", "role", "state", "size", "evidence"]
    assert len({line.index(word) for line, word in zip(lines, ("role", "boot", "ceph", "ceph"), strict=True)}) == 1
    assert "one piece of 931.50 MiB cannot hide" in lines[2]
    assert "the running system is on it" in lines[1]


@pytest.mark.parametrize("name", MACHINES)
def test_every_machine_can_be_shown(name: str) -> None:
    verdicts = tuple(judged(MACHINES[name]).values())
    shown, said = text(verdicts, {}), document(name)
    for verdict in verdicts:
        assert verdict.disk in shown
        assert all(reason.text in shown for reason in verdict.reasons)
    assert [disk["disk"] for disk in said["disks"]] == [verdict.disk for verdict in verdicts]
    devices = [device["name"] for node in said["rook"]["nodes"] for device in node["devices"]]
    good = [v.disk for v in verdicts if v.role == "ceph" and v.state != "refused"]
    assert devices == [f"/dev/disk/by-id/{disk}" for disk in good]


def test_an_osd_of_ours_is_told_by_name() -> None:
    shown = text(tuple(judged(MACHINES["own_osd_at_work"]).values()), {})
    assert "OSD 3 of cluster 5c8f4f0e-0000-4000-8000-00000000aaaa, at work" in shown
