"""Receipts: which node is told what, and how the cluster's are merged."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest

from blackstart.engine import receipts
from blackstart.engine.channel import RemoteError, Result
from blackstart.errors import BlackstartError, UnreachableError
from blackstart.probe.observed import NodeFacts, Observed
from blackstart.step import Play, Watch

NODES = ("a", "b")
WATCH = Watch(files=("/etc/x",), packages=("runc",), units=("x.service",))
OBSERVED = Observed(
    inputs={("one", "a"): "1a", ("one", "b"): "1b", ("two", "a"): "2a", ("two", "b"): "2b", ("cilium", ""): "c"}
)


def phase(name: str, *, local: bool = True) -> Any:
    return SimpleNamespace(name=name, receipt=not local, watch=WATCH if local else None)


def cluster() -> Any:
    node = {name: SimpleNamespace(name=name, ansible_host=f"10.0.0.{n}") for n, name in enumerate(NODES, start=1)}
    return SimpleNamespace(node_names=NODES, node=node.__getitem__, endpoint=SimpleNamespace(port=6443))


class Fleet:
    """Takes receipts; fails as often as told."""

    def __init__(self, *failures: str) -> None:
        self.failures = list(failures)
        self.kubectl: list[tuple[str, list[str], dict[str, Any]]] = []

    def everywhere(self, function: Any, nodes: Any) -> dict[str, Any]:
        said = {}
        for node in nodes:
            try:
                said[node] = function(node)
            except BlackstartError as error:
                said[node] = error
        return said

    def run(self, node: str, argv: Any, *, stdin: bytes, timeout: float) -> Result:
        self.kubectl.append((node, list(argv), json.loads(stdin)))
        if self.failures:
            raise RemoteError(node, argv, Result(1, "", self.failures.pop(0)))
        return Result(0, "", "")


def write(fleet: Fleet, observed: Observed, *applied: tuple[Any, Play]) -> list[float]:
    slept: list[float] = []
    phases, plays = [one for one, _ in applied], [play for _, play in applied]
    receipts.write_receipts(fleet, cluster(), observed, phases, plays, sleep=slept.append)  # type: ignore[arg-type]  # a fake fleet - as much as is used
    return slept


def test_each_node_gets_the_receipts_of_the_plays_it_was_in() -> None:
    applied = [(phase("one"), Play("one")), (phase("two"), Play("two", limit=("b",)))]
    applied += [(phase("cilium", local=False), Play("cilium", limit=("a",)))]
    wanted = receipts.by_node(applied, cluster(), OBSERVED)
    assert {node: list(asked) for node, asked in wanted.items()} == {"a": ["one"], "b": ["one", "two"]}
    assert wanted["b"]["two"] == {"inputs": "2b", "files": ["/etc/x"], "packages": ["runc"], "units": ["x.service"]}


def test_one_round_trip_per_node(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = []
    monkeypatch.setattr(
        receipts, "send", lambda _, node, part, request: sent.append((node, part, sorted(request["receipts"])))
    )
    fleet = Fleet()
    write(fleet, OBSERVED, (phase("one"), Play("one")), (phase("two"), Play("two")))
    assert sent == [("a", "receipts", ["one", "two"]), ("b", "receipts", ["one", "two"])]
    assert fleet.kubectl == []


def test_a_node_that_takes_none_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Any, node: str, *_more: Any) -> None:
        if node == "b":
            raise BlackstartError("looking at b failed with status 1: OSError: No space left on device")

    monkeypatch.setattr(receipts, "send", full)
    with pytest.raises(BlackstartError, match="No space left"):
        write(Fleet(), OBSERVED, (phase("one"), Play("one")))


def test_the_clusters_receipts_are_merged_by_the_api() -> None:
    fleet = Fleet()
    write(fleet, OBSERVED, (phase("cilium", local=False), Play("cilium", limit=("b",))))
    ((node, argv, body),) = fleet.kubectl
    assert node == "b", "before there was an API to see, the play's own node has one"
    assert "--field-manager=blackstart-cilium" in argv
    assert "--server=https://10.0.0.2:6443" in argv
    assert body["items"][0]["data"] == {"cilium": "c"}


def test_they_are_written_where_an_api_was_seen() -> None:
    fleet = Fleet()
    seen = Observed(nodes={"a": NodeFacts("a", api_ready=True), "b": NodeFacts("b")}, inputs=OBSERVED.inputs)
    write(fleet, seen, (phase("cilium", local=False), Play("cilium", limit=("b",))))
    assert fleet.kubectl[0][0] == "a"


def test_a_blink_of_the_api_is_waited_out() -> None:
    fleet = Fleet("Error from server: etcdserver: leader changed", "connect: connection refused")
    assert write(fleet, OBSERVED, (phase("cilium", local=False), Play("cilium"))) == [receipts.PAUSE] * 2
    assert len(fleet.kubectl) == 3


def test_an_api_that_stays_away_is_an_error() -> None:
    with pytest.raises(UnreachableError, match="did not answer kubectl apply"):
        write(Fleet(*["connection refused"] * 9), OBSERVED, (phase("cilium", local=False), Play("cilium")))


def test_a_refusal_is_not_tried_again() -> None:
    fleet = Fleet("Error from server (Forbidden): denied")
    with pytest.raises(BlackstartError, match="denied"):
        write(fleet, OBSERVED, (phase("cilium", local=False), Play("cilium")))
    assert len(fleet.kubectl) == 1
