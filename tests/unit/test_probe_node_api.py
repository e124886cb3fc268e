"""What the API says, reduced: from lists recorded on a healthy cluster, edited one field at a time."""

from __future__ import annotations

import copy
import http.client
import json
from pathlib import Path
from typing import Any

import pytest

from blackstart.node import api, https
from blackstart.node.kube import applications, objects
from blackstart.probe import parse

RECORDED: dict[str, Any] = json.loads((Path(__file__).parents[1] / "machines/api_healthy.json").read_text())


@pytest.fixture
def said() -> dict[str, Any]:
    """Return the recorded answers, to be edited."""
    return copy.deepcopy(RECORDED)


def app(said: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(item for item in said["applications"]["items"] if item["metadata"]["name"] == name)
    return found


def reduced(said: dict[str, Any], name: str) -> dict[str, Any]:
    return next(entry for entry in api.reduced(said)["applications"] if entry["name"] == name)


def test_a_healthy_cluster(said: dict[str, Any]) -> None:
    seen = parse.api("melchior-1", {"reachable": True, "error": "", **api.reduced(said), "broken_pods": []})
    assert (seen.reachable, seen.via, seen.version) == (True, "melchior-1", "v1.35.1")
    assert {node.name: (node.ready, node.kubelet, node.control_plane) for node in seen.nodes} == dict.fromkeys(
        ("melchior-1", "balthasar-2", "casper-3"), (True, "v1.35.1", True)
    )
    assert seen.cilium_agents == dict.fromkeys(("melchior-1", "balthasar-2", "casper-3"), True)
    assert all(w.ready == w.desired == w.updated for w in seen.workloads), seen.workloads
    assert {"argocd", "kube-system"} <= seen.namespaces
    assert "applications.argoproj.io" in seen.crds
    assert "control_plane" in seen.receipts
    assert not seen.kube_proxy
    assert seen.applications
    for entry in seen.applications:
        assert (entry.sync, entry.health) == ("Synced", "Healthy"), entry
        assert entry.phase in {"Succeeded", ""}  # what the seed brought needed no sync
        assert entry.repository.startswith("git://")
        assert entry.path.startswith("cluster/")
        assert entry.revision
        assert entry.reconciled_at
        assert entry.waiting_on == ()
        assert not entry.held


def test_the_root_names_its_children(said: dict[str, Any]) -> None:
    names = {item["metadata"]["name"] for item in said["applications"]["items"]}
    assert set(reduced(said, "root")["children"]) == names - {"root"}


def test_an_application_set_leads_to_what_it_made() -> None:
    resources = [{"group": "argoproj.io", "kind": "ApplicationSet", "name": "tenants"}]
    owner = {"kind": "ApplicationSet", "name": "tenants"}
    known: dict[str, Any] = {"one": {"metadata": {"ownerReferences": [owner]}}, "other": {"metadata": {}}}
    assert applications.children(resources, known) == ["one"]


def test_before_there_is_argo_cd_or_a_receipt(said: dict[str, Any]) -> None:
    said["applications"] = said["receipts"] = None
    said["crds"]["items"] = None
    seen = api.reduced(said)
    assert (seen["applications"], seen["receipts"], seen["crds"]) == ([], {}, [])


def test_kube_proxy_is_seen(said: dict[str, Any]) -> None:
    said["DaemonSet"]["items"].append({"metadata": {"namespace": "kube-system", "name": "kube-proxy"}})
    assert api.reduced(said)["kube_proxy"]


def test_a_workload_that_is_not_ready_is_what_its_application_waits_for(said: dict[str, Any]) -> None:
    hello = next(item for item in said["Deployment"]["items"] if item["metadata"]["name"] == "hello")
    del hello["status"]["readyReplicas"]
    wanted = hello["spec"]["replicas"]
    assert reduced(said, "hello")["waiting_on"] == [f"Deployment hello/hello: 0 of {wanted} ready"]


def test_a_child_that_is_not_well_is_what_its_parent_waits_for(said: dict[str, Any]) -> None:
    app(said, "hello")["status"]["health"] = {"status": "Progressing"}
    assert reduced(said, "root")["waiting_on"] == ["Application argocd/hello: Progressing"]


def test_a_child_that_was_not_looked_at_yet_is_missing(said: dict[str, Any]) -> None:
    app(said, "hello")["status"] = {}
    assert reduced(said, "root")["waiting_on"] == ["Application argocd/hello: Missing"]
    assert reduced(said, "hello")["sync"] == ""


def test_health_that_is_persisted_counts_first(said: dict[str, Any]) -> None:
    resource = app(said, "root")["status"]["resources"][0]
    resource["health"] = {"status": "Degraded", "message": "it fell over"}
    assert ": Degraded it fell over" in reduced(said, "root")["waiting_on"][0]


def test_what_is_out_of_sync_comes_after_what_is_not_well(said: dict[str, Any]) -> None:
    first, second = app(said, "root")["status"]["resources"][:2]
    first["status"] = "OutOfSync"
    second["health"] = {"status": "Degraded"}
    shown = [text.rpartition(": ")[2] for text in reduced(said, "root")["waiting_on"]]
    assert shown == ["Degraded", "OutOfSync"]


def test_a_refused_sync_names_what_was_refused(said: dict[str, Any]) -> None:
    why = 'the server could not find the requested resource: Beacon.lab.example "" not found'
    app(said, "root")["status"]["operationState"] = {
        "phase": "Failed",
        "message": "one or more synchronization tasks are not valid",
        "syncResult": {
            "resources": [
                {"kind": "Beacon", "name": "beacon", "namespace": "argocd", "status": "SyncFailed", "message": why},
                {"kind": "Application", "name": "hello", "namespace": "argocd", "status": "Synced", "message": "fine"},
                {"kind": "Job", "name": "hook", "namespace": "x", "hookPhase": "Failed", "message": "Job failed"},
            ]
        },
    }
    seen = reduced(said, "root")
    assert seen["phase"] == "Failed"
    assert seen["waiting_on"][:2] == [f"Beacon argocd/beacon: {why}", "Job x/hook: Job failed"]


def test_conditions_revisions_sources_and_our_hold(said: dict[str, Any]) -> None:
    item = app(said, "hello")
    item["status"]["conditions"] = [{"type": "ComparisonError", "message": "app path does not exist"}]
    item["status"]["sync"] = {"status": "Unknown", "revisions": ["a1", "b2"]}
    item["spec"] = {"sources": [{"repoURL": "https://charts", "chart": "web"}, {"repoURL": "https://git"}]}
    item["metadata"]["annotations"] = {applications.HELD: "true"}
    seen = reduced(said, "hello")
    assert seen["conditions"] == ["ComparisonError: app path does not exist"]
    assert (seen["revision"], seen["repository"], seen["path"], seen["held"]) == (
        "a1,b2",
        "https://charts",
        "web",
        True,
    )


def workload(kind: str, spec: dict[str, Any], status: dict[str, Any], generation: int = 1) -> tuple[int, int, int]:
    item = {"metadata": {"namespace": "x", "name": "y", "generation": generation}, "spec": spec, "status": status}
    seen = objects.workload(kind, item)
    return seen["desired"], seen["ready"], seen["updated"]


def test_workloads() -> None:
    taken = {"observedGeneration": 1}
    assert workload("Deployment", {}, {**taken, "readyReplicas": 1, "updatedReplicas": 1}) == (1, 1, 1)
    assert workload("Deployment", {"replicas": 0}, taken) == (0, 0, 0)
    assert workload("Deployment", {"replicas": 3}, {**taken, "readyReplicas": 3, "updatedReplicas": 1}) == (3, 3, 1)
    daemons = {**taken, "desiredNumberScheduled": 3, "numberReady": 2, "updatedNumberScheduled": 3}
    assert workload("DaemonSet", {}, daemons) == (3, 2, 3)
    by_hand = {"replicas": 3, "updateStrategy": {"type": "OnDelete"}}
    assert workload("StatefulSet", by_hand, {**taken, "readyReplicas": 3}) == (3, 3, 3)


def test_a_status_of_an_older_spec_counts_nothing() -> None:
    old = {"observedGeneration": 1, "readyReplicas": 3, "updatedReplicas": 3}
    assert workload("Deployment", {"replicas": 3}, old, generation=2) == (3, 0, 0)
    assert workload("DaemonSet", {}, {}) == (1, 0, 0), "a new DaemonSet wants 0 pods until its controller has looked"


def test_a_node(said: dict[str, Any]) -> None:
    item = said["nodes"]["items"][0]
    item["spec"] = {"unschedulable": True}
    item["metadata"]["labels"].pop(objects.CONTROL_PLANE)
    next(entry for entry in item["status"]["conditions"] if entry["type"] == "Ready")["status"] = "Unknown"
    seen = objects.node(item)
    assert (seen["ready"], seen["unschedulable"], seen["control_plane"]) == (False, True, False)


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (500, '{"message": "etcdserver: request timed out"}', "etcd has no quorum or hardly answers: GET /x was"),
        (429, '{"message": "storage is (re)initializing"}', "etcd has no quorum or hardly answers: GET /x was"),
        (401, '{"message": "Unauthorized"}', "GET /x was answered with status 401: Unauthorized"),
        (503, "upstream\n", "GET /x was answered with status 503: upstream"),
        (500, "[]", "GET /x was answered with status 500: []"),
    ],
)
def test_a_refusal_is_told_in_the_apis_words(status: int, body: str, said: str) -> None:
    assert api.refused(status, "/x", body).startswith(said)


def look(monkeypatch: pytest.MonkeyPatch, answer: Any) -> dict[str, Any]:
    monkeypatch.setattr(https, "admin_tls", lambda: None)
    monkeypatch.setattr(https.Connection, "__init__", lambda *_: None)
    monkeypatch.setattr(https.Connection, "close", lambda _: None)
    monkeypatch.setattr(https.Connection, "host", "10.0.0.1", raising=False)
    monkeypatch.setattr(https.Connection, "port", 6443, raising=False)
    monkeypatch.setattr(https.Connection, "ask", answer)
    return api.main({"address": "10.0.0.1", "port": 6443, "seconds": 3})


def test_an_api_that_hangs_is_not_reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(_: Any, path: str, **_more: Any) -> tuple[int, bytes]:
        if path == "/version":
            return 200, b'{"gitVersion": "v1.35.1"}'
        raise TimeoutError("timed out")

    seen = look(monkeypatch, hang)
    assert seen["reachable"] is False
    assert seen["error"].startswith("no answer from 10.0.0.1:6443 in 3 s to GET /api")
    assert seen["error"].endswith("etcd may have no quorum")


def test_an_api_that_hangs_up_is_not_reachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang_up(_: Any, path: str, **_more: Any) -> tuple[int, bytes]:
        raise http.client.RemoteDisconnected("Remote end closed connection without response")

    assert "10.0.0.1:6443: Remote end closed" in look(monkeypatch, hang_up)["error"]


def test_a_whole_look(monkeypatch: pytest.MonkeyPatch, said: dict[str, Any]) -> None:
    asked = []
    unready = next(item for item in said["pods"]["items"] if item["metadata"]["name"].startswith("hello"))
    unready["status"] = {
        "phase": "Pending",
        "containerStatuses": [{"name": "x", "state": {"waiting": {"reason": "ContainerCreating"}}}],
    }
    event = {"involvedObject": unready["metadata"], "reason": "FailedMount", "message": "no such Secret"}
    said["events"] = {"items": [event]}
    paths = {path: name for name, (path, _) in {**api.QUESTIONS, "events": (api.EVENTS, "")}.items()}

    def answer(_: Any, path: str, *, accept: str, within: float) -> tuple[int, bytes]:
        asked.append(path)
        assert 0 < within <= 3
        if paths[path] == "applications":
            return 404, b"404 page not found"
        return 200, json.dumps(said[paths[path]]).encode()

    seen = look(monkeypatch, answer)
    assert sorted(asked) == sorted(paths)
    assert (seen["reachable"], seen["applications"]) == (True, [])
    assert [(pod["reason"], pod["message"]) for pod in seen["broken_pods"]] == [
        ("ContainerCreating", "FailedMount: no such Secret")
    ]


def test_what_a_node_offers_to_pods(said: dict[str, Any]) -> None:
    item = said["nodes"]["items"][0]
    item["status"]["allocatable"] = {"amd.com/gpu": "1", "memory": "47361068Ki"}
    node = objects.node(item)
    assert (node["gpus"], node["memory_bytes"]) == (1, 47361068 << 10)
    item["status"]["allocatable"] = {"memory": "1000000"}
    assert (objects.node(item)["gpus"], objects.node(item)["memory_bytes"]) == (0, 1000000)
    del item["status"]["allocatable"]  # a node that its kubelet has yet to describe
    assert (objects.node(item)["gpus"], objects.node(item)["memory_bytes"]) == (0, 0)
    assert objects.memory_bytes("47Gi") == 0  # as no kubelet writes it
