"""The whole look, on a recorded member: who is asked for the API, and what silence is called."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from blackstart.engine.carrier import Answer
from blackstart.errors import UnreachableError
from blackstart.probe import observe, parse
from blackstart.probe.observed import ApiFacts, BrokenPod, EtcdMember, NodeFacts, Observed, Receipt, Unit

if TYPE_CHECKING:
    import pytest

MEMBER: dict[str, Any] = json.loads((Path(__file__).parents[1] / "machines/member.json").read_text())
NODES = ("a", "b", "c")
EMPTY = {
    **{name: [] for name in ("nodes", "workloads", "broken_pods", "applications", "namespaces", "crds")},
    "reachable": True,
    "error": "",
    "version": "v1.35.1",
    "pods": 0,
    "receipts": {},
    "kube_proxy": False,
    "cilium_agents": {},
}


def cluster() -> Any:
    nodes = {name: SimpleNamespace(name=name, ansible_host=f"10.0.0.{n}") for n, name in enumerate(NODES, start=1)}
    endpoint = SimpleNamespace(name="k8s-api.lab.home", address="10.0.0.20", port=6443)
    return SimpleNamespace(nodes=tuple(nodes.values()), node_names=NODES, node=nodes.__getitem__, endpoint=endpoint)


class Asked:
    """Stands for ask(): answers by node and part as told, and keeps who was asked what."""

    def __init__(self, machines: dict[str, Any], apis: dict[str, Any]) -> None:
        self.machines, self.apis = machines, apis
        self.log: list[tuple[str, str]] = []
        self.requests: list[dict[str, Any]] = []

    def __call__(self, _: Any, node: str, part: str, request: dict[str, Any], **_more: Any) -> Answer:
        self.log.append((node, part))
        self.requests.append(request)
        answer = (self.machines if part == "machine" else self.apis)[node]
        if isinstance(answer, Exception):
            raise answer
        return Answer(answer, 0.0)

    @property
    def apis_asked(self) -> list[str]:
        return [node for node, part in self.log if part == "api"]


def ready(**changes: Any) -> dict[str, Any]:
    return {**MEMBER, **changes}


def look(monkeypatch: pytest.MonkeyPatch, asked: Asked, **how: Any) -> Observed:
    monkeypatch.setattr(observe, "ask", asked)
    return observe.observe(None, cluster(), units=(), inputs={("cilium", ""): "x"}, **how)  # type: ignore[arg-type]  # no fleet - ask() is replaced


def test_a_member() -> None:
    seen = parse.node("melchior-1", MEMBER, 0.5)
    assert (seen.name, seen.clock, seen.hostname, seen.is_member, seen.api_ready) == (
        "melchior-1",
        0.5,
        "melchior-1",
        True,
        True,
    )
    assert seen.units["kubelet.service"] == Unit("active", "enabled")
    assert seen.receipts["containerd"] == Receipt("e6ae4aee0b4e3cfd4e0f8d5b18dc634b3c94b10aa90561e1cf11ebf330a64441")
    assert "registry.k8s.io/etcd:3.6.6-0" in seen.images
    assert [member.name for member in seen.etcd] == ["casper-3", "melchior-1", "balthasar-2"]
    assert all(member.healthy and not member.learner for member in seen.etcd)
    assert seen.cni_files == ("05-cilium.conflist",)
    assert seen.packages["kubelet"] == "1.35.1"


def test_nodes_keep_the_inventorys_order_and_one_api_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(dict.fromkeys(NODES, ready()), dict.fromkeys(NODES, EMPTY))
    seen = look(monkeypatch, asked, wanted_images=frozenset({"x"}))
    assert tuple(seen.nodes) == NODES
    assert len(asked.apis_asked) == 1
    assert seen.api.reachable
    assert [seen.api.via] == asked.apis_asked
    assert (seen.inputs, seen.wanted_images) == ({("cilium", ""): "x"}, frozenset({"x"}))
    machine = next(request for request in asked.requests if "units" in request)
    assert machine["images"] is True
    assert "kubelet.service" in machine["units"]


def test_watched_units_are_asked_for_and_images_only_when_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(dict.fromkeys(NODES, ready()), dict.fromkeys(NODES, EMPTY))
    monkeypatch.setattr(observe, "ask", asked)
    observe.observe(None, cluster(), units=["systemd-timesyncd.service"], inputs={})  # type: ignore[arg-type]  # no fleet - ask() is replaced
    machine = next(request for request in asked.requests if "units" in request)
    assert "systemd-timesyncd.service" in machine["units"]
    assert machine["images"] is False


def test_a_node_without_power_is_not_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(dict.fromkeys(NODES, ready()), dict.fromkeys(NODES, EMPTY))
    seen = look(monkeypatch, asked, dark={NODES[0]: "its button says off"}, via=NODES[0])
    assert NODES[0] not in {node for node, _ in asked.log}
    assert tuple(seen.nodes) == NODES
    assert (seen.nodes[NODES[0]].reachable, seen.nodes[NODES[0]].error) == (False, "its button says off")
    assert seen.api.reachable
    # Nor does any other node ask etcd's member there how it is.
    assert all(request["dark"] == ["10.0.0.1"] for request in asked.requests if "units" in request)


def test_who_answered_last_is_asked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(dict.fromkeys(NODES, ready()), dict.fromkeys(NODES, EMPTY))
    assert look(monkeypatch, asked, via="b").api.via == "b"
    assert asked.apis_asked == ["b"]


def test_another_is_asked_when_the_one_of_last_time_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = UnreachableError("no answer from 10.0.0.2:22 in 5 s: is it powered on?")
    asked = Asked({"a": ready(), "b": gone, "c": ready()}, {"a": EMPTY, "b": gone, "c": EMPTY})
    seen = look(monkeypatch, asked, via="b")
    assert (seen.api.reachable, seen.api.via) == (True, "a")
    assert (seen.nodes["b"].reachable, seen.nodes["b"].error) == (False, gone.message)


def test_a_silent_api_is_kept_in_the_words_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = {"reachable": False, "error": "no answer in 5 s"}
    asked = Asked(dict.fromkeys(NODES, ready()), dict.fromkeys(NODES, silent))
    seen = look(monkeypatch, asked, via="a")
    assert (seen.api.reachable, seen.api.error) == (False, "a: no answer in 5 s")
    assert asked.apis_asked == ["a", "b", "c"]


def test_without_a_ready_server_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = ready(api_ready=False, is_member=False, etcd=[])
    asked = Asked(dict.fromkeys(NODES, fresh), {})
    seen = look(monkeypatch, asked)
    assert asked.apis_asked == []
    assert seen.api.error == "no node that answers runs an API server"


def facts(name: str, error: str, *, healthy: int = 0, members: int = 0) -> NodeFacts:
    etcd = tuple(EtcdMember(str(n), f"m{n}", learner=False, healthy=n < healthy) for n in range(members))
    return NodeFacts(name, api_error=error, etcd=etcd)


def test_silence_without_quorum_is_told_by_etcd() -> None:
    hung = facts("a", "is up, but its checks did not end in 2 s", healthy=0, members=3)
    said = parse.silence([hung, facts("b", "connection refused at 10.0.0.2:6443")])
    assert said == (
        "etcd has no quorum, 0 of its 3 members serve consistent reads "
        "(a: is up, but its checks did not end in 2 s; b: connection refused at 10.0.0.2:6443)"
    )
    starting = facts("a", "answers, but is not ready: poststarthook/rbac failed", healthy=2, members=3)
    assert parse.silence([starting]) == (
        "no API server is ready (a: answers, but is not ready: poststarthook/rbac failed)"
    )


def test_trouble_is_counted_from_the_machines_last_start() -> None:
    pod = BrokenPod("x", "y", "a", "Pending", "ContainerCreating", "", since=90_000.0)
    other = replace(pod, node="gone")
    api = ApiFacts(reachable=True, broken_pods=(pod, other))
    nodes = {"a": NodeFacts("a", booted=1.0, uptime=40.0)}
    assert [pod.since for pod in parse.since_boot(api, nodes).broken_pods] == [40.0, 90_000.0]
    assert parse.since_boot(api, {"a": NodeFacts("a")}) == api
