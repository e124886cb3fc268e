"""The pod that might go is gone; the cordon of a person outlives the undoing of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Kubectl
    from testinfra.host import Host


def test_the_pod_that_might_be_lost_is_gone(kubectl: Kubectl) -> None:
    assert kubectl("pods", "--namespace=default", "--field-selector=metadata.name=alone")["items"] == []


def test_a_person_s_cordon_stays(kubectl: Kubectl, host: Host) -> None:
    node = kubectl("node", "melchior-1")
    assert node["spec"]["unschedulable"] is True
    assert "blackstart.io/cordoned" not in node["metadata"]["annotations"]
    # As the person would, so that what comes after finds a node that takes pods.
    host.check_output("kubectl --kubeconfig=/etc/kubernetes/admin.conf uncordon melchior-1")
