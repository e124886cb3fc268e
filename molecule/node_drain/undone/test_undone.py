"""The cordon is undone, and what waited for a node runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Kubectl, Until


def test_the_pod_comes_back(kubectl: Kubectl, until: Until) -> None:
    node = kubectl("node", "melchior-1")
    assert not node["spec"].get("unschedulable")
    assert "blackstart.io/cordoned" not in node["metadata"]["annotations"]
    until(lambda: kubectl("deployment", "web", "--namespace=default")["status"].get("readyReplicas") == 1, 60)
