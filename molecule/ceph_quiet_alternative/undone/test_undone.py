"""All of it is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Kubectl
    from testinfra.host import Host


@pytest.fixture(scope="module", autouse=True)
def _nothing_runs_on(host: Host) -> Iterator[None]:
    """Remove what runs at the end: other roles use the node as well."""
    yield
    host.check_output(
        "kubectl --kubeconfig=/etc/kubernetes/admin.conf --namespace=rook-elsewhere delete deployment --all"
    )


def test_noout_and_mark_are_gone(host: Host) -> None:
    assert not host.file("/srv/recorded/noout").exists
    assert not host.file("/srv/recorded/mark").exists


def test_rook_cares_for_the_monitor_again(kubectl: Kubectl) -> None:
    labels = kubectl("deployment", "rook-ceph-mon-a", "--namespace=rook-elsewhere")["metadata"]["labels"]
    assert labels == {"app": "rook-ceph-mon", "mon": "a"}
