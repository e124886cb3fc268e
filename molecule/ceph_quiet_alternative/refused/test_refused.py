"""Another Ceph than the inventory's, and a host that it does not know, are refused before anything is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Refused
    from testinfra.host import Host

OTHER = "deadbeef-0000-4000-8000-00000000bbbb"


def test_another_cluster_is_refused(refused: Refused) -> None:
    refused("ceph_quiet", f"wanted: {OTHER}, as the inventory's storage_ceph_fsid", ceph_quiet_fsid=OTHER)


def test_a_host_that_is_unknown_to_ceph_is_refused(refused: Refused) -> None:
    refused("ceph_quiet", "Ceph knows no OSD of casper-4", ceph_quiet_node="casper-4", ceph_quiet_has_osds=True)


def test_nothing_was_done(host: Host) -> None:
    assert not host.file("/srv/recorded/mark").exists
    assert not host.file("/srv/recorded/noout").exists
    assert "quorum_status" in host.file("/srv/recorded/asked").content_string
