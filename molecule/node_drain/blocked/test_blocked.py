"""A drain that a budget blocks names it, its pod and its numbers, and leaves the node and the pod as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Kubectl, Refused

NUMBERS = "PodDisruptionBudget default/web (minAvailable 1) allows no eviction: 1 of 1 healthy, 1 must stay"


def test_it_is_refused_for_this_budget_and_nothing_is_left_of_it(kubectl: Kubectl, refused: Refused) -> None:
    tasks = refused("node_drain", NUMBERS, node_drain_timeout=8)
    (failed,) = (task for task in tasks if task["status"] == "failed")
    assert failed["task"] == "Ensure the node is drained"
    assert "- default/web-" in failed["message"]
    assert "1 of its pods did not go within 8 s" in failed["message"]
    assert "loosen the budget: kubectl --namespace=default edit poddisruptionbudget web" in failed["message"]
    node = kubectl("node", "melchior-1")
    assert not node["spec"].get("unschedulable")
    assert "blackstart.io/cordoned" not in node["metadata"]["annotations"]


def test_the_pod_was_not_touched(kubectl: Kubectl) -> None:
    (pod,) = kubectl("pods", "--namespace=default", "--selector=app=web")["items"]
    assert pod["metadata"]["uid"] == kubectl("configmap", "before", "--namespace=default")["data"]["web"]
    assert "deletionTimestamp" not in pod["metadata"]
