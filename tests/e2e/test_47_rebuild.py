"""A node is rebuilt from bare metal while others write to the cluster: the one that ran init, and one that is dead."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from blackstart import paths
from blackstart.engine import process
from blackstart.lab import disks, mounts, podman
from blackstart.lab.layout import LAB
from tests.support.disks.images import fingerprint, label, write
from tests.support.lab.cluster import etcd, ready, rebuild, systems
from tests.support.lab.harness import NODES, Lab, blackstart, until
from tests.support.lab.watching import ENDPOINT, eyes, writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.lab

FIRST, SECOND, THIRD = NODES  # the first ran kubeadm init
FSID = "11111111-2222-4333-8444-555555555555"
BUDGET = {
    "apiVersion": "policy/v1",
    "kind": "PodDisruptionBudget",
    "metadata": {"name": "blocks", "namespace": "kube-system"},
    "spec": {"maxUnavailable": 0, "selector": {"matchLabels": {"k8s-app": "kube-dns"}}},
}


@pytest.fixture(scope="module")
def data(lab: Lab) -> Iterator[dict[Path, str]]:
    """Give each disk for Ceph an OSD of our cluster with something in it; return the fingerprints of those disks."""
    assert lab.inventory
    files = [disks.file(LAB, disk) for name in NODES for disk in LAB.disks[name][1:]]
    for number, file in enumerate(files):
        write(file, 0, label(f"00000000-0000-4000-8000-{number:012}", FSID, number))
        write(file, 1 << 30, b"somebody's data")
    yield {file: fingerprint(file) for file in files}
    for file in files:
        write(file, 0, bytes(4096))
        write(file, 1 << 30, bytes(64))


@pytest.fixture(scope="module", autouse=True)
def _ours(lab: Lab, data: dict[Path, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Have the inventory know the fsid of those OSDs for the time being."""
    assert data
    folder, before = tmp_path_factory.mktemp("rebuild"), lab.inventory
    (folder / "hosts.yml").write_text(f"all:\n  vars:\n    inventory_base: {Path(before).resolve()}\n")
    (folder / "group_vars/all").mkdir(parents=True)
    (folder / "group_vars/all/storage.yml").write_text(f"storage_ceph_fsid: {FSID}\n")
    lab.inventory = str(folder)
    yield
    lab.inventory = before


def test_the_cluster_knows_its_disks(lab: Lab) -> None:
    done = lab.up()
    assert done.returncode == 0, done.stdout + done.stderr


REFUSALS = {
    "a name that is misspelt": (("caspar-3",), 2, "did you mean casper-3?"),
    "nobody confirms": ((THIRD,), 3, "was not confirmed (it is Ready now)"),
    "another name confirms": (
        (THIRD, "--yes", SECOND),
        3,
        "--yes balthasar-2 does not confirm the rebuild of casper-3",
    ),
}


@pytest.mark.parametrize(("words", "status", "says"), REFUSALS.values(), ids=REFUSALS)
def test_it_is_refused_and_nothing_is_changed(lab: Lab, words: tuple[str, ...], status: int, says: str) -> None:
    before = systems(lab)
    done = rebuild(lab, *words)
    assert done.returncode == status, done.stdout + done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert systems(lab) == before
    assert ready(lab, FIRST) == set(NODES)


def test_the_plan_says_the_path_and_changes_nothing(lab: Lab) -> None:
    before = systems(lab), etcd(lab, FIRST)
    done = lab.verb("--json", "rebuild", THIRD, "--plan")
    assert done.returncode == 0, done.stderr
    steps = {step["phase"]: [why["text"] for why in step["reasons"]] for step in json.loads(done.stdout)["steps"]}
    assert f"etcd lists its member {etcd(lab, FIRST)[THIRD]['ID']:x}" in steps["remove_node"]
    assert steps["install"]
    assert steps["members"] == ["is not a member of the control plane"]
    assert (systems(lab), etcd(lab, FIRST)) == before


def test_a_budget_that_blocks_the_drain_is_named(lab: Lab) -> None:
    """CoreDNS may not be interrupted at all: the node that runs it stays, with its cordon taken back."""
    pods = lab.objects("pods", "-n", "kube-system", "-l", "k8s-app=kube-dns")
    node = pods[0]["spec"]["nodeName"]
    neighbour = next(name for name in NODES if name != node)
    before = systems(lab), etcd(lab, FIRST)
    lab.ssh(neighbour, f"kubectl --kubeconfig /etc/kubernetes/admin.conf apply -f - <<'E'\n{json.dumps(BUDGET)}\nE")
    try:
        done = rebuild(lab, node, "--yes", node, "--drain-timeout", "10")
        assert done.returncode == 3, done.stdout + done.stderr
        assert pods[0]["metadata"]["name"] in done.stderr
        assert "blocks" in done.stderr
        assert ready(lab, neighbour) == set(NODES), "the cordon was not taken back"
        assert (systems(lab), etcd(lab, FIRST)) == before
    finally:
        lab.kubectl("delete", "poddisruptionbudget", "-n", "kube-system", "blocks", node=neighbour)
        withdrawn = rebuild(lab, node, "--withdraw")
    assert withdrawn.returncode == 0, withdrawn.stderr


def test_without_room_for_a_snapshot_nothing_is_taken_away(lab: Lab) -> None:
    before, room = (systems(lab), etcd(lab, FIRST)), paths.state("lab") / "snapshots"
    room.mkdir(exist_ok=True)
    process.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", room])
    try:
        done = rebuild(lab, THIRD, "--yes", THIRD)
    finally:
        process.run(["umount", room])
    assert rebuild(lab, THIRD, "--withdraw").returncode == 0
    assert done.returncode == 3, done.stdout + done.stderr
    assert str(room) in done.stderr
    assert (systems(lab), etcd(lab, FIRST)) == before


def test_the_cluster_keeps_a_node_that_it_needs(lab: Lab) -> None:
    """The second node's etcd hangs: another one less would be the end of the quorum."""
    before = systems(lab)
    lab.ssh(SECOND, "pkill -STOP -x etcd")
    try:
        done = rebuild(lab, THIRD, "--yes", THIRD)
    finally:
        lab.ssh(SECOND, "pkill -CONT -x etcd")
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"etcd member {SECOND} is not healthy" in done.stderr
    assert systems(lab) == before
    until(lambda: lab.verb("status").returncode == 0 and ready(lab, FIRST) == set(NODES), 120, "all is well again")


def test_the_node_that_ran_init_is_rebuilt(
    lab: Lab, data: dict[Path, str], record_property: Callable[[str, object], None]
) -> None:
    """Everything at once: writers beside it, eyes on etcd, data on its other disks."""
    before, members = systems(lab), etcd(lab, SECOND)
    with (
        eyes(lab, SECOND, THIRD) as looked,
        writer(lab, SECOND, "neighbour") as near,
        writer(lab, THIRD, "endpoint", server=ENDPOINT) as far,
    ):
        done = rebuild(lab, FIRST, "--yes", FIRST)
    for name, words in {"neighbour": near[0].words(), "endpoint": far[0].words(), "etcd": looked.words()}.items():
        record_property(name, words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert near[0].unexplained == 0, near[0].said
    assert {name: looked.broken(name) for name in (SECOND, THIRD)} == {SECOND: [], THIRD: []}
    after, there = systems(lab), etcd(lab, SECOND)
    assert {name for name in NODES if after[name] != before[name]} == {FIRST}, "exactly one system is a new one"
    assert set(there) == set(NODES)
    assert {name for name in NODES if there[name]["ID"] != members[name]["ID"]} == {FIRST}
    assert not any(member.get("isLearner") for member in there.values())
    assert ready(lab, SECOND) == set(NODES)
    assert {file: fingerprint(file) for file in data} == data, "a disk for Ceph was written to"


def test_nothing_of_it_is_left(lab: Lab) -> None:
    """Neither a key nor a token that would let another machine in, nor an order."""
    tokens = [s for s in lab.objects("secrets", "-n", "kube-system") if s["type"] == "bootstrap.kubernetes.io/token"]
    assert tokens == []
    names = {secret["metadata"]["name"] for secret in lab.objects("secrets", "-n", "kube-system")}
    assert "kubeadm-certs" not in names
    assert list((paths.state("lab") / "installs").iterdir()) == []
    snapshots = sorted((paths.state("lab") / "snapshots").glob("etcd-*.db"))
    assert snapshots
    assert all(file.stat().st_mode & 0o077 == 0 for file in snapshots)
    again = lab.up()
    assert "nothing to do" in again.stdout, again.stdout + again.stderr


def test_an_emptied_machine_is_not_joined_beside_its_old_member(lab: Lab) -> None:
    """It has lost all that it held without a word, and answers; etcd still counts on it."""
    members = etcd(lab, FIRST)
    podman.local().run("rm", "--force", "--time", "0", "--volumes", LAB.machine(THIRD).container)
    for volume in ("containerd", "kubelet", "etcd"):
        mounts.remove_tree(LAB.state / "nodes" / THIRD / volume)
    assert blackstart("lab", "up").returncode == 0
    done = lab.up()
    assert done.returncode == 3, done.stdout + done.stderr
    assert f"blackstart rebuild {THIRD}" in done.stderr
    assert etcd(lab, FIRST) == members


def test_a_dead_node_is_rebuilt(
    lab: Lab, data: dict[Path, str], record_property: Callable[[str, object], None]
) -> None:
    """Its machine is gone without a word; the rebuild is killed in the middle, and another one is refused meanwhile."""
    members = etcd(lab, FIRST)
    podman.local().run("rm", "--force", "--time", "0", "--volumes", LAB.machine(THIRD).container)
    # It may have led etcd: the others elect one of them first, and that is no fault of the rebuild.
    until(lambda: "true" in lab.ssh(FIRST, "curl -s http://127.0.0.1:2381/health", check=False), 60, "a leader")
    with writer(lab, FIRST, "neighbour") as near:
        running = lab.start(THIRD, "--yes", THIRD, verb="rebuild")
        until(lambda: "remove_node" in phases(lab, "phase_end"), 120, "its etcd member is removed")
        late = rebuild(lab, SECOND, "--yes", SECOND)
        assert late.returncode == 6, late.stdout + late.stderr
        assert f"`rebuild {THIRD}`" in late.stderr
        lab.end(running, signal.SIGKILL)
        done = rebuild(lab, THIRD)
    record_property("dead node", near[0].words())
    assert done.returncode == 0, done.stdout + done.stderr
    assert near[0].unexplained == 0, near[0].said
    there = etcd(lab, FIRST)
    assert {name for name in NODES if there[name]["ID"] != members[name]["ID"]} == {THIRD}
    until(lambda: ready(lab, FIRST) == set(NODES), 60, "all nodes are Ready")
    assert {file: fingerprint(file) for file in data} == data, "a disk for Ceph was written to"


def phases(lab: Lab, kind: str) -> list[str]:
    """Return the phases of the run in the background that have come so far."""
    return [event["phase"] for event in lab.events_since_start() if event["kind"] == kind]
