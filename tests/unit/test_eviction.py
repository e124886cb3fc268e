"""What a drain moves, what it must not lose, and what it names when it is held up."""

from __future__ import annotations

from typing import Any

import pytest

from blackstart.node.kube import eviction
from blackstart.node.kubectl import unknown


def pod(name: str, owner: str = "ReplicaSet", *, ready: bool = True, phase: str = "Running", **meta: Any) -> Any:
    owners = [{"kind": owner, "controller": True}] if owner else []
    return {
        "metadata": {"namespace": "shop", "name": name, "labels": {"app": name}, "ownerReferences": owners, **meta},
        "spec": {},
        "status": {"phase": phase, "conditions": [{"type": "Ready", "status": str(ready)}]},
    }


def budget(name: str, allowed: int = 0, *, selector: Any = None, **spec: Any) -> Any:
    chosen = {"matchLabels": {"app": name}} if selector is None else selector
    status = {"disruptionsAllowed": allowed, "currentHealthy": 1, "expectedPods": 1, "desiredHealthy": 1}
    return {
        "metadata": {"namespace": "shop", "name": name, "generation": 1},
        "spec": {"minAvailable": 1, "selector": chosen, **spec},
        "status": {**status, "observedGeneration": 1},
    }


def names(pods: list[Any]) -> list[str]:
    return [eviction.title(one) for one in pods]


def test_static_pods_and_those_of_a_daemonset_stay() -> None:
    static = pod("etcd-melchior-1", "Node", annotations={eviction.MIRROR: "hash"})
    agent, ended = pod("agent", "DaemonSet"), pod("old-agent", "DaemonSet", phase="Failed")
    assert names(eviction.evictable([static, agent, ended, pod("web")])) == ["shop/old-agent", "shop/web"]


def test_what_would_be_lost_is_named_unless_it_may_be() -> None:
    alone, done, scratch = pod("alone", ""), pod("done", "", phase="Succeeded"), pod("scratch")
    scratch["spec"]["volumes"] = [{"name": "data", "emptyDir": {}}, {"name": "own", "hostPath": {}}]
    found = eviction.irreplaceable([alone, done, scratch], unmanaged=False, emptydir=False)
    assert found == [
        "shop/alone: no controller makes it again",
        "shop/scratch: its emptyDir data would be lost",
    ]
    assert eviction.irreplaceable([alone, done, scratch], unmanaged=True, emptydir=True) == []


def test_a_budget_that_lets_none_go_is_named_with_its_numbers() -> None:
    (held,) = eviction.blockers([pod("web")], [budget("web"), budget("other")])
    assert held["pod"] == "shop/web"
    assert held["budget"] == "shop/web"
    assert (
        held["why"] == "PodDisruptionBudget shop/web (minAvailable 1) allows no eviction: 1 of 1 healthy, 1 must stay"
    )
    assert held["todo"].endswith("loosen the budget: kubectl --namespace=shop edit poddisruptionbudget web")


@pytest.mark.parametrize(
    ("one", "rule", "closed"),
    [
        (pod("web"), budget("web"), True),
        (pod("web"), budget("web", 1), False),
        # The budget's controller has not counted its new text yet.
        (pod("web"), budget("web", 1) | {"metadata": {"namespace": "shop", "name": "web", "generation": 2}}, True),
        (pod("web", ready=False), budget("web"), False),
        (pod("web", ready=False), budget("web") | {"status": {"observedGeneration": 1}}, True),
        (
            pod("web", ready=False),
            budget("web", unhealthyPodEvictionPolicy="AlwaysAllow") | {"status": {"observedGeneration": 1}},
            False,
        ),
        (pod("web", phase="Pending", ready=False), budget("web") | {"status": {}}, False),
        (pod("web", namespace="other"), budget("web"), False),
    ],
    ids=["none may go", "one may", "not counted yet", "unhealthy, enough others", "unhealthy, too few", "always",
         "pending", "another namespace"],
)  # fmt: skip
def test_a_budget_holds_what_the_api_would_not_evict(one: Any, rule: Any, closed: bool) -> None:  # noqa: FBT001 - a case
    (held,) = eviction.blockers([one], [rule])
    assert bool(held["budget"]) is closed


def test_a_pod_that_is_ending_says_until_when_and_what_keeps_it() -> None:
    going = pod("web", deletionTimestamp="2026-11-26T10:00:30Z", deletionGracePeriodSeconds=30, finalizers=["a.b/c"])
    (held,) = eviction.blockers([going], [budget("web")])
    assert held["budget"] == ""
    for word in ("still ending", "30 s", "2026-11-26T10:00:30Z", "a.b/c"):
        assert word in held["why"]


@pytest.mark.parametrize(
    ("selector", "selects"),
    [
        ({}, True),
        ({"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "api"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "NotIn", "values": ["web"]}]}, True),
        ({"matchExpressions": [{"key": "app", "operator": "Exists"}, {"key": "tier", "operator": "Exists"}]}, False),
        ({"matchExpressions": [{"key": "tier", "operator": "DoesNotExist"}]}, True),
        ({"matchLabels": {"app": "web"}, "matchExpressions": [{"key": "app", "operator": "DoesNotExist"}]}, False),
    ],
)
def test_selectors_select_as_upstream_s(selector: Any, selects: bool) -> None:  # noqa: FBT001 - a case
    assert bool(eviction.budgets(pod("web"), [budget("x", selector=selector)])) is selects


def test_a_budget_without_a_selector_counts_nothing() -> None:
    rule = budget("web")
    del rule["spec"]["selector"]
    assert eviction.budgets(pod("web"), [rule]) == []


def test_a_pod_of_two_budgets_cannot_be_evicted_at_all() -> None:
    both = [budget("web", 1), budget("all", 1, selector={})]
    (said,) = eviction.contested([pod("web"), pod("other"), pod("web", "DaemonSet")], both)
    assert said == "shop/web: counted by more than one PodDisruptionBudget (shop/web, shop/all)"


def test_a_misspelt_node_gets_the_nearest_name() -> None:
    assert "is casper-3 meant?" in unknown("caspr-3", ["melchior-1", "casper-3"])
    assert "meant" not in unknown("zzz", ["melchior-1"])
