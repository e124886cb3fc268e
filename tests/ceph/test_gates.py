"""Whether a host of a real Ceph cluster may stop, and whose noout is whose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from blackstart.ceph import gates, quiet
from blackstart.errors import RefusedError
from blackstart.node.ceph.client import IN_MON
from blackstart.node.ceph.client import Ceph as Ask
from tests.support.ceph.cluster import MGRS
from tests.support.ceph.hosts import NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from blackstart.ceph.facts import CephFacts
    from tests.ceph.conftest import Role
    from tests.support.ceph.cluster import Cluster

pytestmark = [pytest.mark.lab, pytest.mark.slow, pytest.mark.long]

FIRST, SECOND, THIRD = NAMES
# A group whose log reaches back to its beginning is moved by recovery, any other by backfill.
HELD = ("nobackfill", "norecover")


@pytest.fixture(autouse=True)
def _healthy(cluster: Cluster) -> Iterator[None]:
    """Begin and end each test with a cluster that is well, also behind one that failed."""
    dump = cluster.json("osd", "dump")
    for flag in {"noout", *HELD} & set(dump["flags"].split(",")):
        cluster.ceph("osd", "unset", flag)
    if not all(osd["in"] for osd in dump["osds"]):
        cluster.ceph("osd", "in", "all")
    cluster.until_clean()
    yield
    cluster.until_clean()


@pytest.mark.parametrize("host", NAMES)
def test_a_host_of_a_healthy_cluster_may_stop(look: Callable[[], CephFacts], cluster: Cluster, host: str) -> None:
    now = look()
    assert gates.objections(now, host) == ()
    assert gates.notes(now, host) == ()
    assert now.fsid == cluster.fsid
    assert sorted(osd.id for osd in now.of(host)) == cluster.osds_of(host)
    assert len(now.pgs) == 9
    assert quiet.unknown(now, host) == ""


def test_a_monitor_s_pod_leads_to_ceph_without_a_toolbox(cluster: Cluster) -> None:
    """With what Rook puts there: the monitors' keyring, which has the admin's key too, and the addresses."""
    addresses = ",".join(f"[v2:{host.address}:3300,v1:{host.address}:6789]" for host in cluster.room.hosts.values())
    store = "/etc/ceph/keyring-store/keyring"
    cluster.room.run(SECOND, "install", "-D", "/etc/ceph/mon.keyring", store)
    pod = ("env", "CEPH_CONF=/dev/null", f"ROOK_CEPH_MON_HOST={addresses}")
    asked = Ask(cluster.room.argv(SECOND, *pod, *IN_MON)).ask("status")
    assert asked["fsid"] == cluster.fsid
    assert Ask(cluster.room.argv(SECOND, *pod, *IN_MON)).ask("config-key", "dump", "blackstart/") == {}


def test_a_container_opens_no_disk_of_the_machine(cluster: Cluster) -> None:
    """Neither one that is in its /dev, nor one for which it makes a device node itself."""
    listed = "for device in $(find /dev -type b); do head -c 1 $device >/dev/null && echo ${device##*/}; done"
    made = """cd /tmp; for device in /sys/class/block/*; do
        mknod probe b $(tr : ' ' <$device/dev) && head -c 1 probe >/dev/null && echo ${device##*/}; rm -f probe
    done 2>/dev/null; true"""
    for host, here in cluster.room.hosts.items():
        own = sorted(cluster.room.device[disk].rpartition("/")[2] for disk in here.disks)
        assert sorted(cluster.room.run(host, "sh", "-c", listed).stdout.split()) == own
        assert set(cluster.room.run(host, "sh", "-c", made).stdout.split()) <= set(own)


def test_quiet_is_set_once_and_undone(cluster: Cluster, look: Callable[[], CephFacts], role: Role) -> None:
    host = next(host for host, name in MGRS.items() if name == look().active_mgr)
    osds = set(cluster.osds_of(host))
    assert role(host, "quiet", ceph_quiet_order="first") == (1, [])
    now = look()
    assert {osd.id for osd in now.osds if osd.noout} == osds
    assert "noout" not in now.flags
    assert now.active_mgr != MGRS[host]
    mark = now.mark(host)
    assert mark is not None
    assert (mark.order, mark.fsid) == ("first", cluster.fsid)
    assert mark.osds == mark.noout == osds
    cluster.until_clean()  # another manager has to learn how the groups are
    assert role(host, "quiet", ceph_quiet_order="first") == (0, [])
    assert role(host, "back") == (1, [])
    now = look()
    assert not any(osd.noout for osd in now.osds)
    assert now.marks == ()
    assert role(host, "back") == (0, [])


def test_a_call_that_was_cut_off_after_the_mark_goes_on(
    cluster: Cluster, look: Callable[[], CephFacts], role: Role
) -> None:
    osds = cluster.osds_of(THIRD)
    document = f'{{"order": "cut", "fsid": "{cluster.fsid}", "osds": {osds}, "noout": {osds}}}'
    cluster.ceph("config-key", "set", f"blackstart/noout/{THIRD}", document)
    assert role(THIRD, "quiet", ceph_quiet_order="cut")[0] == 1
    assert {osd.id for osd in look().osds if osd.noout} == set(osds)
    # Cut off in the middle of the undoing, too: one flag is gone, the mark is not.
    cluster.ceph("osd", "unset-group", "noout", f"osd.{osds[0]}")
    assert role(THIRD, "back")[0] == 1
    now = look()
    assert (now.marks, [osd.id for osd in now.osds if osd.noout]) == ((), [])


def test_a_person_s_noout_stays(cluster: Cluster, look: Callable[[], CephFacts], role: Role) -> None:
    mine, other = cluster.osds_of(THIRD)
    cluster.ceph("osd", "set-group", "noout", f"osd.{mine}")
    cluster.ceph("osd", "set-group", "noout", THIRD)
    cluster.ceph("osd", "set", "noout")
    assert role(THIRD, "quiet")[0] == 1
    assert {osd.id for osd in look().osds if osd.noout} == {mine, other}
    changed, notes = role(THIRD, "back")
    assert changed == 1
    now = look()
    assert {osd.id for osd in now.osds if osd.noout} == {mine}
    assert "noout" in now.flags
    assert now.host_noout == {THIRD}
    assert len(notes) == 3
    for words in ("on the whole cluster", f"on {THIRD}", f"on osd.{mine}"):
        assert any(f"noout is set {words}, not by blackstart: it stays" in note for note in notes), notes
    cluster.ceph("osd", "unset", "noout")
    cluster.ceph("osd", "unset-group", "noout", f"osd.{mine}", THIRD)


def test_another_cluster_than_the_inventory_s_is_refused(cluster: Cluster, role: Role) -> None:
    other = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(RefusedError, match=f"answers is {cluster.fsid}; wanted: {other}"):
        role(FIRST, "examined", storage_ceph_fsid=other)


def test_a_host_that_ceph_does_not_know_is_refused_with_those_that_it_knows(role: Role) -> None:
    words = "no OSD of casper-4; it knows those of balthasar-2, casper-3, melchior-1"
    with pytest.raises(RefusedError, match=words):
        role("casper-4", "examined", ceph_quiet_has_osds=True)


def test_a_node_that_ceph_has_nothing_on_is_left_alone(role: Role) -> None:
    assert role("worker-1", "quiet", ceph_quiet_has_osds=False) == (0, [])


def test_a_pool_that_would_stop_is_named(cluster: Cluster, look: Callable[[], CephFacts]) -> None:
    cluster.ceph("config", "set", "mon", "mon_allow_pool_delete", "true")
    cluster.pool("thin", size=2, min_size=2)
    now = look()
    for host in NAMES:
        stopping = {osd.id for osd in now.of(host)}
        hit = [pg for pg in now.pgs if pg.acting & stopping and now.pool(pg.pool).name == "thin"]  # type: ignore[union-attr] # - it is known
        found = gates.objections(now, host)
        assert len(found) == (1 if hit else 0)
        if hit:
            assert "of pool thin would stop: it is on OSDs" in found[0]
            assert "and min_size is 2 (size 2)" in found[0]
    # With one copy it would go on, and hang by that one.
    cluster.ceph("osd", "pool", "set", "thin", "min_size", "1")
    cluster.until(lambda: all(gates.objections(look(), host) == () for host in NAMES), "its groups have peered again")
    now = look()
    assert any("pool thin has one copy left of" in note for host in NAMES for note in gates.notes(now, host))
    cluster.ceph("osd", "pool", "delete", "thin", "thin", "--yes-i-really-really-mean-it")


def test_nothing_may_stop_while_data_moves(cluster: Cluster, look: Callable[[], CephFacts]) -> None:
    cluster.put()  # what holds nothing is moved at once
    gone = cluster.osds_of(THIRD)[0]
    for flag in HELD:
        cluster.ceph("osd", "set", flag)
    cluster.ceph("osd", "out", str(gone))
    cluster.until(lambda: any(pg.state != "active+clean" for pg in look().pgs), "groups have to move")
    found = gates.objections(look(), FIRST)
    for flag in HELD:
        assert any(f"flag {flag} is set" in text for text in found), found
    assert any("wanted: active+clean" in text for text in found), found
    cluster.ceph("osd", "in", str(gone))
    for flag in HELD:
        cluster.ceph("osd", "unset", flag)


def test_ok_to_stop_says_yes_where_io_would_stop(cluster: Cluster, look: Callable[[], CephFacts], role: Role) -> None:
    """One host is down; OSDs of another that come first in every group are not counted, and would be the end of I/O."""
    primaries = cluster.osds_of(FIRST)
    others = [osd for host in (SECOND, THIRD) for osd in cluster.osds_of(host)]
    for osd in others:
        cluster.ceph("osd", "primary-affinity", f"osd.{osd}", "0")
    lost = cluster.osds_of(THIRD)
    cluster.ceph("osd", "set", "noout")
    for osd in lost:
        cluster.stop_osd(THIRD, osd)
    cluster.until_served_without(lost)
    said = cluster.json("osd", "ok-to-stop", *map(str, primaries))
    assert said["ok_to_stop"] is True
    found = gates.objections(look(), FIRST)
    assert any("of pool kept would stop: it is on OSDs" in text and "(size 3), and so would" in text for text in found)
    for osd in lost:
        assert any(f"osd.{osd} on {THIRD} is down" in text for text in found), found
    # And so the role refuses, with all of it, and leaves nothing behind.
    with pytest.raises(RefusedError, match=f"osd.{lost[0]} on {THIRD} is down(.|\n)*of pool kept would stop"):
        role(FIRST, "quiet")
    now = look()
    assert (now.marks, [osd.id for osd in now.osds if osd.noout]) == ((), [])
    # The host that is away already may stay away: nothing more would stop.
    assert gates.objections(now, THIRD) == ()
    for osd in lost:
        cluster.start_osd(THIRD, osd)
    for osd in others:
        cluster.ceph("osd", "primary-affinity", f"osd.{osd}", "1")
    cluster.ceph("osd", "unset", "noout")
