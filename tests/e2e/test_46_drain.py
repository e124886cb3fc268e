"""A voter falls ill while another one is drained to be removed: the drain ends, and the removal must not."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from blackstart import paths
from blackstart.engine.galaxy import ensure
from blackstart.engine.journal import Journal
from blackstart.engine.runner import Runner
from blackstart.errors import RefusedError
from blackstart.model.load import resolve
from blackstart.step import Play
from tests.support.lab.cluster import etcd
from tests.support.lab.harness import Lab, until

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.lab, pytest.mark.long]

ACTING, ILL, GOING = "melchior-1", "balthasar-2", "casper-3"
MANIFEST = "/etc/kubernetes/manifests/etcd.yaml"
CORDONED = "blackstart.io/cordoned"
LABELS = {"app": "stays"}
WORKLOAD = [
    {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "stays", "namespace": "default"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": LABELS},
            "template": {
                "metadata": {"labels": LABELS},
                "spec": {
                    "nodeSelector": {"kubernetes.io/hostname": GOING},
                    "terminationGracePeriodSeconds": 1,
                    "containers": [{"name": "pause", "image": "registry.k8s.io/pause:3.10.1"}],
                },
            },
        },
    },
    {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "stays", "namespace": "default"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": LABELS}},
    },
]


def node(lab: Lab, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lab.kubectl("get", "node", name, "-o", "json"))
    return found


def members(lab: Lab) -> set[tuple[int, str]]:
    """Return id and name of each member, as the acting node's etcd lists them."""
    return {(member["ID"], name) for name, member in etcd(lab, ACTING).items()}


@pytest.fixture
def held(lab: Lab) -> Iterator[None]:
    """Have a pod on the going node that its budget keeps there; afterwards all is as it was."""
    document = json.dumps({"apiVersion": "v1", "kind": "List", "items": WORKLOAD})
    lab.ssh(ACTING, f"kubectl --kubeconfig=/etc/kubernetes/admin.conf apply -f - <<'EOF'\n{document}\nEOF")
    counted = ("wait", "--for=jsonpath={.status.currentHealthy}=1", "--timeout=60s", "poddisruptionbudget/stays")
    try:
        lab.kubectl(*counted)
        yield
    finally:
        lab.ssh(ILL, f"if [ -e /root/etcd.yaml ]; then mv /root/etcd.yaml {MANIFEST}; fi")
        lab.kubectl("delete", "deployment,poddisruptionbudget", "stays")
    back = lab.up()
    assert back.returncode == 0, back.stdout + back.stderr


def removal(lab: Lab, folder: Path) -> RefusedError:
    """Ask for the removal of the going node, and return why it was refused."""
    journal = Journal(folder)
    runner = Runner(resolve([lab.inventory], Path.cwd()), paths.state("lab"), journal, ensure())
    asked = {"acting_node": ACTING, "node_removal_node": GOING, "node_removal_drain_timeout": 300}
    try:
        with pytest.raises(RefusedError) as caught:
            runner.play([Play("node_removal", (ACTING,))], asked)
    finally:
        journal.close()
    return caught.value


@pytest.mark.usefixtures("held")
def test_a_voter_that_is_lost_during_a_drain_ends_the_removal(lab: Lab, tmp_path: Path) -> None:
    before, nodes = members(lab), {item["metadata"]["name"] for item in lab.objects("nodes")}
    assert len(before) == 3
    with ThreadPoolExecutor(1) as pool:
        refused = pool.submit(removal, lab, tmp_path / "run")
        until(lambda: CORDONED in node(lab, GOING)["metadata"]["annotations"], 60, "the drain begins")
        lab.ssh(ILL, f"mv {MANIFEST} /root/")
        until(lambda: lab.ssh(ILL, "pgrep -x etcd", check=False) == "", 60, "the other voter is gone")
        assert not refused.done(), "the budget holds the drain"
        lab.kubectl("patch", "poddisruptionbudget", "stays", "--type=merge", '--patch={"spec":{"minAvailable":0}}')
        error = refused.result(timeout=360)
    assert f"{GOING} is not removed from the cluster; nothing was changed" in error.message
    assert f"etcd member {ILL}" in error.message
    going = node(lab, GOING)
    assert not going["spec"].get("unschedulable"), "it stays, and goes on working"
    assert CORDONED not in going["metadata"]["annotations"]
    assert members(lab) == before
    assert {item["metadata"]["name"] for item in lab.objects("nodes")} == nodes
