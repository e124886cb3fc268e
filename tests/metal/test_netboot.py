"""A machine from dark to its own system over the network: its own firmware, our proxy DHCP, TFTP, HTTP, the real role.

One machine is installed once, with everything in its way that can be without another boot; the tests look at that.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from blackstart.engine import process
from blackstart.errors import BlackstartError, Exit, GateTimeoutError, RefusedError
from blackstart.metal import known_hosts
from blackstart.metal import order as orders
from blackstart.metal.installers.base import Site
from blackstart.metal.installers.netboot import NetbootInstaller
from blackstart.metal.serve import serving
from blackstart.power import waits
from blackstart.power.base import Power
from tests.support.metal import live, ordered, paper
from tests.support.metal.lan import Lan
from tests.support.metal.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from subprocess import CompletedProcess

    from blackstart.metal.order import Order
    from blackstart.model.cluster import Cluster

pytestmark = [pytest.mark.lab, pytest.mark.metal]
NODE = paper.NODE
WRONG_BOARD = "ANOTHER-BOARD"


@dataclass
class Practice:
    """A machine, what is to be installed on it, and what was said and raised so far."""

    room: Path
    sources: list[Path]
    machine: Machine
    order: Order
    desired: Cluster
    site: Site
    said: list[str] = field(default_factory=list)

    def boot(self) -> waits.Boot:
        return waits.boot_of(self.site.fleet, NODE)

    def blackstart(self, *words: str | Path) -> CompletedProcess[str]:
        """Run the command line over the same inventory and state, whatever its exit code."""
        inventory = [word for source in self.sources for word in ("-i", str(source))]
        environment = {"XDG_STATE_HOME": str(self.room / "state")}
        return process.run([sys.executable, "-m", "blackstart", *inventory, *words], env=environment, check=False)

    def run(self, *words: str) -> str:
        return self.site.fleet.run(NODE, words).out.strip()

    def written(self) -> dict[str, int]:
        """Return how much of each of its disks was ever written, in bytes."""
        return {serial: self.machine.disk(serial).stat().st_blocks * 512 for serial in self.machine.serials}


def make(room: Path) -> Practice:
    lan = Lan(room / "lan")
    lan.up()
    machine = Machine(room / "machine", lan)
    machine.make()
    machine.save()
    made = ordered.make(room, machine)
    return Practice(room, made.sources, machine, made.order, made.site.desired, made.site, made.said)


@dataclass(frozen=True, slots=True)
class Installed:
    """What came of three runs for one order: without patience, for another machine than this, and right."""

    practice: Practice
    impatient: BlackstartError
    refused: BlackstartError
    untouched: dict[str, int]
    seconds: float


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    made = make(tmp_path_factory.mktemp("metal"))
    try:
        yield made
    finally:
        made.machine.cut()
        made.machine.lan.down()


@pytest.fixture(scope="module")
def installed(practice: Practice) -> Installed:
    site, order = practice.site, practice.order
    begun = time.monotonic()
    try:
        with pytest.raises(GateTimeoutError) as impatient:
            NetbootInstaller(seconds=3).install(order, site)
        other = site.desired.node(NODE).model_copy(update={"board_serial": WRONG_BOARD})
        nodes = tuple(other if node.name == NODE else node for node in site.desired.nodes)
        wrong = site.desired.model_copy(update={"nodes": nodes})
        with pytest.raises(RefusedError) as refused:
            NetbootInstaller().install(order, Site(wrong, site.state, site.fleet, site.driver, site.runner, site.say))
        untouched = practice.written()
        NetbootInstaller().install(order, site)
    except BlackstartError as error:
        pytest.fail(f"{error.message}\n{error.hint}\n{practice.said}\n{practice.machine.tail()}")
    return Installed(practice, impatient.value, refused.value, untouched, time.monotonic() - begun)


def test_the_command_line_says_whether_it_can_serve(practice: Practice) -> None:
    done = practice.blackstart("--json", "netboot", "--check")
    said = json.loads(done.stdout)
    assert (done.returncode, said["problems"]) == (0, [])
    assert (said["address"], said["interface"]) == (str(practice.machine.lan.here), practice.machine.lan.name)
    assert said["nodes"][0] == {"node": NODE, "mac": practice.machine.mac, "order": practice.order.id}
    with serving(practice.desired, practice.site.state, lambda _words: None):
        done = practice.blackstart("netboot", "--check")
    assert done.returncode == Exit.INPUT
    assert "UDP port 67 on bsmetal is not free" in done.stdout
    assert done.stdout.endswith("cannot serve\n")


def test_the_command_line_writes_a_volume_for_the_open_order_alone(practice: Practice) -> None:
    image = practice.room / "seed.img"
    done = practice.blackstart("media", NODE, "--to", image)
    assert (done.returncode, done.stdout) == (0, f"{image}\n")
    assert f"dd if={image}" in done.stderr
    assert f'\\"id\\": \\"{practice.order.id}\\"' in process.run(["mcopy", "-i", image, "::user-data", "-"]).stdout
    assert practice.blackstart("media", "casper-3", "--to", practice.room / "other.img").returncode == Exit.INPUT
    assert not (practice.room / "other.img").exists()


def test_a_machine_goes_from_dark_to_its_own_system(installed: Installed) -> None:
    practice = installed.practice
    assert practice.run("cat", orders.INSTALLATION_FILE) == f'{{"id": "c0ffee", "node": "{NODE}"}}'
    partition = practice.run("findmnt", "-no", "SOURCE", "/")
    disk = practice.run("lsblk", "-no", "PKNAME", partition)
    assert practice.run("lsblk", "-dno", "SERIAL", f"/dev/{disk}") == practice.order.disk
    assert practice.run("hostname") == NODE
    assert len(practice.run("cat", "/etc/machine-id")) == 32
    known = practice.site.state / "known_hosts"
    assert known_hosts.pinned(known, practice.desired.node(NODE)) == practice.order.host_key
    assert practice.run("systemctl", "is-system-running", "--wait") == "running"
    lines = " | ".join(practice.said)
    asked = ("/boot.ipxe", "/order/52-54-00-77-15-01", f"/live/{live.CPIO}", "/seed/…/user-data")
    assert [path for path in asked if f" asked for {path} " not in lines] == []
    assert [words for words in ("fetched snponly.efi", "the order is withdrawn") if words not in lines] == []


def test_only_the_boot_disk_was_written(installed: Installed) -> None:
    boot, *others = installed.practice.machine.serials
    written = installed.practice.written()
    assert written[boot] > 100e6
    assert [written[serial] for serial in others] == [0] * len(others)


def test_one_who_has_no_patience_is_told_how_far_it_came_and_nothing_is_left_authorised(installed: Installed) -> None:
    assert f"the live system of {NODE} did not answer: it" in installed.impatient.message
    assert "timed out after 3 s; last seen: " in installed.impatient.message
    assert "run the same command again" in installed.impatient.hint


def test_another_machine_is_left_alone_in_its_live_system(installed: Installed) -> None:
    assert f"board's serial number is BOARD-0001, wanted {WRONG_BOARD}" in installed.refused.message
    assert f"host_vars/{NODE}.yml" in installed.refused.hint
    assert set(installed.untouched.values()) == {0}


def test_what_is_done_is_not_done_again(installed: Installed) -> None:
    practice = installed.practice
    before, said = practice.boot(), len(practice.said)
    NetbootInstaller().install(practice.order, practice.site)
    assert practice.boot() == before
    assert practice.said[said:] == []


def test_another_network_boot_goes_on_to_the_disk(installed: Installed) -> None:
    """The order is still open, and this run is none that authorises it."""
    practice = installed.practice
    node, driver = practice.desired.node(NODE), practice.site.driver
    before, machine_id = practice.boot(), practice.run("cat", "/etc/machine-id")
    waits.cut(node, driver, say=lambda _words: None)
    assert driver.state().power is Power.OFF
    said: list[str] = []
    with serving(practice.desired, practice.site.state, said.append):
        driver.on()
        after = waits.await_live(node, driver, practice.site.fleet, before, say=lambda _words: None)
    assert after != before
    assert practice.run("cat", "/etc/machine-id") == machine_id
    (asked,) = [line for line in said if "/order/" in line]
    assert asked.endswith("asked for /order/52-54-00-77-15-01: no install of it is authorised")
    assert not any("/live/" in line or "/seed/" in line for line in said)
