"""The node is cordoned and says why; the pod is gone from it, and the control plane still runs there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Kubectl


def test_the_node_is_cordoned_and_says_why(kubectl: Kubectl) -> None:
    node = kubectl("node", "melchior-1")
    assert node["spec"]["unschedulable"] is True
    assert node["metadata"]["annotations"]["blackstart.io/cordoned"] == "the role's test"


def test_the_pod_was_moved_and_its_successor_waits_for_a_node(kubectl: Kubectl) -> None:
    (pod,) = kubectl("pods", "--namespace=default", "--selector=app=web")["items"]
    assert pod["metadata"]["uid"] != kubectl("configmap", "before", "--namespace=default")["data"]["web"]
    assert "nodeName" not in pod["spec"]


def test_static_pods_stay(kubectl: Kubectl) -> None:
    pods = kubectl("pods", "--namespace=kube-system", "--selector=tier=control-plane")["items"]
    assert len(pods) == 4
