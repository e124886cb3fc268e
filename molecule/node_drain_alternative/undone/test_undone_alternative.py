"""The cordon of a person outlives the undoing of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Kubectl
    from testinfra.host import Host


@pytest.fixture(autouse=True)
def _nothing_stays(host: Host) -> Iterator[None]:
    """Do at the end what that person would do: other roles use the node as well."""
    yield
    host.check_output("kubectl --kubeconfig=/etc/kubernetes/admin.conf uncordon melchior-1")


def test_a_person_s_cordon_stays(kubectl: Kubectl) -> None:
    assert kubectl("node", "melchior-1")["spec"]["unschedulable"] is True
