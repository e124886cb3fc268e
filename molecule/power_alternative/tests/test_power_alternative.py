"""The node is off, stays off, and comes back when its button is pressed."""

from __future__ import annotations

import time
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from blackstart.lab import machines
from blackstart.lab.layout import Layout
from blackstart.lab.power import PodmanPower
from blackstart.power.base import Power

if TYPE_CHECKING:
    from testinfra.host import Host

# As in .config/molecule/node.py.
NODE = "melchior-1"
LAYOUT = Layout("molecule", IPv4Network("10.77.14.0/24"), (NODE,))


def test_it_is_off_and_stays_off() -> None:
    end = time.monotonic() + 4
    while time.monotonic() < end:
        assert PodmanPower(NODE, LAYOUT).state().power is Power.OFF
        time.sleep(0.5)


def test_it_comes_back_when_its_button_is_pressed(host: Host) -> None:
    machines.power_on(NODE, layout=LAYOUT)
    assert host.check_output("systemctl is-system-running --wait") == "running"
