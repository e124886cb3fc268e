"""The cordon is undone, and what waited for a node runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Kubectl, Until
    from testinfra.host import Host


@pytest.fixture(autouse=True)
def _nothing_stays(host: Host) -> Iterator[None]:
    """Remove the workload at the end: other roles use the node as well."""
    yield
    host.check_output("kubectl --kubeconfig=/etc/kubernetes/admin.conf delete deployment,poddisruptionbudget web")


def test_the_pod_comes_back(kubectl: Kubectl, until: Until) -> None:
    node = kubectl("node", "melchior-1")
    assert not node["spec"].get("unschedulable")
    assert "blackstart.io/cordoned" not in node["metadata"]["annotations"]
    until(lambda: kubectl("deployment", "web", "--namespace=default")["status"].get("readyReplicas") == 1, 60)
