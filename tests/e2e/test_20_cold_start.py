"""The main job, the hard way: a cold start whose control process is killed again and again, and run again."""

from __future__ import annotations

import json
import re
import signal
from typing import TYPE_CHECKING, Any

import pytest

from blackstart import paths
from tests.support.lab.harness import NODES, Lab, until

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.lab


def started(lab: Lab, phase: str, task: str = "") -> Callable[[], bool]:
    """Return a condition: the newest run has begun the phase (and a task whose name holds the given words)."""

    def look() -> bool:
        events = lab.events_since_start()
        return any(
            event.get("phase") == phase
            and (event["kind"] == "phase_start" if not task else task in event.get("task", ""))
            for event in events
        )

    return look


def test_the_second_of_two_runs_is_turned_away(lab: Lab) -> None:
    lock = paths.state("lab") / "lock"
    lock.unlink(missing_ok=True)
    first = lab.start()
    try:
        until(lambda: lock.exists() and lock.read_text(), 30, "the first run holds the lock")
        second = lab.up()
    finally:
        status, output = lab.end(first, signal.SIGINT)
    assert second.returncode == 6
    assert str(first.pid) in second.stderr
    assert status == 130, output


@pytest.mark.parametrize(
    ("phase", "task"),
    [("containerd", ""), ("control_plane", "kubeadm init"), ("members", "kubeadm join")],
)
def test_a_killed_run_loses_nothing(lab: Lab, phase: str, task: str) -> None:
    process = lab.start("--timeout", "400")
    until(started(lab, phase, task), 420, f"the run reaches {phase}")
    status, _ = lab.end(process, signal.SIGKILL)
    assert status == -signal.SIGKILL


def test_the_next_run_reaches_healthy(lab: Lab) -> None:
    done = lab.up()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "healthy" in done.stdout


def test_three_nodes_are_ready_at_the_wanted_version(lab: Lab) -> None:
    nodes = lab.objects("nodes")
    ready = {
        node["metadata"]["name"]: next(c["status"] for c in node["status"]["conditions"] if c["type"] == "Ready")
        for node in nodes
    }
    assert ready == dict.fromkeys(NODES, "True")
    assert {node["status"]["nodeInfo"]["kubeletVersion"] for node in nodes} == {"v1.35.1"}


def test_etcd_has_three_voters(lab: Lab) -> None:
    container = lab.ssh("melchior-1", "ctr -n k8s.io containers ls | awk '/etcd:/ {print $1}' | tail -1").strip()
    tls = "--cacert=/etc/kubernetes/pki/etcd/ca.crt --cert=/etc/kubernetes/pki/etcd/healthcheck-client.crt"
    tls += " --key=/etc/kubernetes/pki/etcd/healthcheck-client.key --endpoints=https://127.0.0.1:2379"
    listing = lab.ssh(
        "melchior-1", f"ctr -n k8s.io t exec --exec-id test-members {container} etcdctl {tls} member list -w json"
    )
    members = json.loads(listing)["members"]
    assert {member["name"] for member in members} == set(NODES)
    assert not any(member.get("isLearner") for member in members)


def test_cilium_replaces_kube_proxy(lab: Lab) -> None:
    daemonsets = {item["metadata"]["name"] for item in lab.objects("daemonsets", "-A")}
    assert "cilium" in daemonsets
    assert "kube-proxy" not in daemonsets
    status = lab.kubectl("-n", "kube-system", "exec", "ds/cilium", "-c", "cilium-agent", "--", "cilium-dbg", "status")
    # Its columns are as wide as the longest word that is said at the moment.
    assert re.search(r"^KubeProxyReplacement:\s+True\b", status, re.MULTILINE), status


def test_hubble_relay_is_ready(lab: Lab) -> None:
    relay = [d for d in lab.objects("deployments", "-n", "kube-system") if d["metadata"]["name"] == "hubble-relay"]
    assert relay[0]["status"]["readyReplicas"] == 1


def test_every_leaf_is_synced_and_healthy(lab: Lab) -> None:
    applications = lab.objects("applications.argoproj.io", "-n", "argocd")
    states = {
        item["metadata"]["name"]: (item["status"]["sync"]["status"], item["status"]["health"]["status"])
        for item in applications
    }
    assert len(states) >= 4
    assert set(states.values()) == {("Synced", "Healthy")}


@pytest.mark.parametrize("node", NODES)
def test_the_platform_answers_on_every_node(lab: Lab, node: str) -> None:
    service = next(s for s in lab.objects("services", "-A") if s["metadata"]["name"] == "hello")
    address, port = service["spec"]["clusterIP"], service["spec"]["ports"][0]["port"]
    assert lab.ssh(node, f"curl -fsS -m 5 http://{address}:{port}/").strip()


def test_no_token_or_certificate_key_is_left(lab: Lab) -> None:
    secrets = [s["metadata"]["name"] for s in lab.objects("secrets", "-n", "kube-system")]
    assert not [name for name in secrets if name.startswith("bootstrap-token-") or name == "kubeadm-certs"]
    tokens = r"(^|[^a-z0-9.])[a-z0-9]{6}\.[a-z0-9]{16}([^a-z0-9]|$)|certificateKey"
    for node in NODES:
        assert lab.ssh(node, f"grep -rlE '{tokens}' /run/blackstart /tmp; true") == ""


def test_nothing_secret_was_journaled(lab: Lab) -> None:
    keys = [lab.ssh(node, "grep -h -o 'client-key-data: .*' /etc/kubernetes/admin.conf").split()[1] for node in NODES]
    for file in (paths.state("lab") / "runs").rglob("*"):
        if file.is_file():
            text = file.read_text()
            assert "PRIVATE KEY" not in text
            assert not [key for key in keys if key[:64] in text]
            assert file.stat().st_mode & 0o077 == 0 or file.parent.stat().st_mode & 0o077 == 0


def fingerprint(lab: Lab) -> dict[str, Any]:
    """Return generation or version of what a run could change: workloads, ConfigMaps, applications, etcd members."""
    kinds = ("deployments", "daemonsets", "statefulsets", "applications.argoproj.io", "customresourcedefinitions")
    seen: dict[str, Any] = {}
    for kind in kinds:
        for item in lab.objects(kind, "-A"):
            meta = item["metadata"]
            seen[f"{kind}/{meta.get('namespace', '')}/{meta['name']}"] = (meta["uid"], meta.get("generation"))
    return seen


def test_a_second_run_changes_nothing(lab: Lab) -> None:
    before = fingerprint(lab)
    done = lab.up()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "nothing to do" in done.stdout
    assert not [event for event in lab.events() if event["kind"] in {"phase_start", "task"}]
    assert fingerprint(lab) == before


def test_status_and_plan_agree(lab: Lab) -> None:
    status = json.loads(lab.verb("--json", "status").stdout)
    assert status["cluster"] == "healthy"
    assert {node["state"] for node in status["nodes"]} == {"ready"}
    assert json.loads(lab.verb("--json", "plan").stdout)["steps"] == []


def test_the_report_tells_the_run(lab: Lab) -> None:
    text = lab.verb("report").stdout
    assert "Nothing to do" in text
    reports = [file.read_text() for file in (paths.state("lab") / "runs").glob("*/report.html")]
    assert any("<svg" in html for html in reports)
    for html in reports:
        assert not re.search(r'(src|href)="(?!#)', html)
