"""A look at the disks of a practice node, over ssh and through udev's names, as blackstart looks at a real one."""

from __future__ import annotations

import time
from contextlib import nullcontext
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

import pytest

from blackstart.disks.facts import parse
from blackstart.disks.judge import judge
from blackstart.disks.verdict import Code, Role, State, Verdict
from blackstart.engine.carrier import send
from blackstart.engine.ssh import Fleet
from blackstart.lab import boot, disks, lifecycle
from blackstart.lab.layout import Layout
from blackstart.model import cluster
from tests.support.disks import images

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.lab

SET = Layout("look-test", IPv4Network("10.77.26.0/24"), ("one",))
BOOT, CEPH, SPARE = SET.disks["one"]


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """Return the connection to the one node of a set of our own, which is gone afterwards."""
    lifecycle.down(nullcontext, SET)
    lifecycle.up(nullcontext, SET)
    boot.run(SET, SET.machine("one"), "udevadm settle")
    connected = Fleet([node()], SET.state)
    yield connected
    connected.close()
    lifecycle.down(nullcontext, SET)


def node() -> cluster.Node:
    boot_disk, *ceph = (
        cluster.Disk(id=disk.id, size_gb=round(disk.size / 1e9), serial=disk.serial) for disk in SET.disks["one"]
    )
    return cluster.Node(
        name="one",
        ansible_host=SET.machine("one").address,
        disks=cluster.Disks(boot=boot_disk, ceph=tuple(ceph)),
        nic_lan=cluster.Nic(name="eth0"),
        ram_gib=4,
    )


def look(fleet: Fleet) -> dict[str, Verdict]:
    named = [disk.id for disk in SET.disks["one"]]
    table = parse(send(fleet, "one", "disks.survey", {"named": named, "full": False, "seed": "1"}).answer)
    return {verdict.disk: verdict for verdict in judge(node(), table, fsid=images.OURS)}


def test_blank_disks_are_usable_and_only_they(fleet: Fleet) -> None:
    look(fleet)  # connects
    started = time.monotonic()
    verdicts = look(fleet)
    assert time.monotonic() - started < 2.0
    named = [verdict for verdict in verdicts.values() if verdict.role is not Role.UNNAMED]
    assert [(verdict.disk, verdict.state) for verdict in named] == [
        (disk.id, State.USABLE) for disk in (BOOT, CEPH, SPARE)
    ]
    others = [verdict for verdict in verdicts.values() if verdict.role is Role.UNNAMED]
    assert all(verdict.codes == {Code.NOT_NAMED} for verdict in others)


def test_what_is_put_on_a_disk_is_seen(fleet: Fleet) -> None:
    path = disks.file(SET, CEPH)
    images.write(path, images.GIB, images.label(images.OSD, images.OURS, 2))
    images.write(disks.file(SET, SPARE), -5000, images.CANARY)
    verdicts = look(fleet)
    assert verdicts[CEPH.id].codes == {Code.OSD_TORN}
    assert verdicts[SPARE.id].codes == {Code.DATA}
    images.write(path, 0, images.label(images.OSD, images.OURS, 2))
    assert (look(fleet)[CEPH.id].state, look(fleet)[CEPH.id].live) == (State.OURS, False)


def test_a_pulled_disk_is_missing(fleet: Fleet) -> None:
    disks.pull("one", SPARE.id, layout=SET)
    boot.run(SET, SET.machine("one"), "udevadm settle")
    assert look(fleet)[SPARE.id].codes == {Code.MISSING}
    assert not look(fleet)[SPARE.id].data_at_risk
