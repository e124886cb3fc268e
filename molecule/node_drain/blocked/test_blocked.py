"""After a drain that a budget blocked: the pod is the same, and the node takes pods as before."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Kubectl


def test_the_pod_was_not_touched(kubectl: Kubectl) -> None:
    (pod,) = kubectl("pods", "--namespace=default", "--selector=app=web")["items"]
    assert pod["metadata"]["uid"] == kubectl("configmap", "before", "--namespace=default")["data"]["web"]
    assert "deletionTimestamp" not in pod["metadata"]


def test_the_node_takes_pods_again(kubectl: Kubectl) -> None:
    node = kubectl("node", "melchior-1")
    assert not node["spec"].get("unschedulable")
    assert "blackstart.io/cordoned" not in node["metadata"]["annotations"]
