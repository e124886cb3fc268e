"""Redfish for real, as far as it goes without a server: our driver, sushy-tools' emulator, libvirt, a UEFI machine.

What the driver did is looked at from outside: by virsh, by what the machine asks on its network, and by ssh.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from blackstart.errors import BlackstartError
from blackstart.metal import order as orders
from blackstart.metal.boot_progress import Step
from blackstart.metal.installers.netboot import NetbootInstaller
from blackstart.metal.serve import serving
from blackstart.power import waits
from blackstart.power.base import Power
from blackstart.power.redfish import Redfish
from tests.support.metal import controller, libvirtd, ordered, paper
from tests.support.metal.lan import Lan
from tests.support.metal.libvirtd import Domain
from tests.support.metal.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blackstart.metal.installers.base import Site
    from blackstart.metal.order import Order

pytestmark = [pytest.mark.lab, pytest.mark.metal, pytest.mark.long]
NODE = paper.NODE
SECONDS = 300.0  # firmware asks the network after 20, when nothing else runs
DISKS = ["disk"] * 3


@dataclass
class Practice:
    """A machine behind a controller, and what was said."""

    domain: Domain
    order: Order
    site: Site
    button: Redfish
    said: list[str]


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    room = tmp_path_factory.mktemp("redfish")
    with ExitStack() as stack:
        lan = Lan(room / "lan")
        stack.callback(lan.down)
        lan.up()
        machine = Machine(room / "machine", lan)
        machine.make()
        uri = stack.enter_context(libvirtd.running(room / "libvirt"))
        domain = Domain(machine, uri)
        domain.define()
        stack.callback(domain.cut)
        url = stack.enter_context(controller.running(room / "controller", uri))
        made = ordered.make(room, machine, power={"driver": "redfish", "url": url, "system": libvirtd.UUID})
        assert isinstance(made.site.driver, Redfish)
        yield Practice(domain, made.order, made.site, made.site.driver, made.said)


def test_it_is_switched_on_and_off(practice: Practice) -> None:
    button, domain = practice.button, practice.domain
    assert (button.state().power, domain.state()) == (Power.OFF, "shut off")
    assert "switched melchior-1 on" in button.on()
    assert (button.state().power, domain.state()) == (Power.ON, "running")
    assert "cut the power" in button.off(force=True)
    assert (button.state().power, domain.state()) == (Power.OFF, "shut off")


def test_it_boots_from_the_network_when_that_is_set(practice: Practice) -> None:
    button, domain = practice.button, practice.domain
    assert domain.boots() == DISKS
    button.next_boot(network=True)
    assert domain.boots() == ["interface", *DISKS]
    said: list[str] = []
    with serving(practice.site.desired, practice.site.state, said.append) as server:
        button.on()
        end = time.monotonic() + SECONDS
        while not any("no install of it is authorised" in line for line in said):
            assert time.monotonic() < end, f"{said}\n{domain.machine.tail()}"
            time.sleep(0.2)
        button.off(force=True)
        assert server.asked.furthest is Step.SCRIPT
    button.next_boot(network=False)
    assert domain.boots() == DISKS


def test_it_is_installed_from_dark_and_boots_from_its_disk(practice: Practice) -> None:
    button, domain, site = practice.button, practice.domain, practice.site
    try:
        NetbootInstaller().install(practice.order, site)
    except BlackstartError as error:
        pytest.fail(f"{error.message}\n{error.hint}\n{practice.said}\n{domain.machine.tail()}")
    assert domain.boots() == DISKS
    before = waits.boot_of(site.fleet, NODE)
    asked = len(practice.said)

    assert "asked for a shutdown" in button.off()
    waits.await_dark(site.desired.node(NODE), button, say=practice.said.append)
    assert domain.state() == "shut off"
    button.on()
    after = waits.await_live(site.desired.node(NODE), button, site.fleet, before, say=practice.said.append)
    assert after != before
    assert site.fleet.run(NODE, ["cat", orders.INSTALLATION_FILE]).out == f'{{"id": "c0ffee", "node": "{NODE}"}}\n'
    assert not any(" asked for " in line for line in practice.said[asked:])
