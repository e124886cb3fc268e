"""All of it is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Kubectl
    from testinfra.host import Host


def test_noout_and_mark_are_gone(host: Host) -> None:
    assert not host.file("/srv/recorded/noout").exists
    assert not host.file("/srv/recorded/mark").exists


def test_rook_cares_for_the_monitor_again(kubectl: Kubectl) -> None:
    labels = kubectl("deployment", "rook-ceph-mon-a", "--namespace=rook-elsewhere")["metadata"]["labels"]
    assert labels == {"app": "rook-ceph-mon", "mon": "a"}
