"""The pod that might go is gone, from a node that a person had cordoned."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Kubectl


def test_the_pod_that_might_be_lost_is_gone(kubectl: Kubectl) -> None:
    assert kubectl("pods", "--namespace=default", "--field-selector=metadata.name=alone")["items"] == []


def test_the_cordon_is_not_called_ours(kubectl: Kubectl) -> None:
    node = kubectl("node", "melchior-1")
    assert node["spec"]["unschedulable"] is True
    assert "blackstart.io/cordoned" not in node["metadata"]["annotations"]
