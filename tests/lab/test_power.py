"""A practice node's chassis and power button for real: what reboots comes back, what is switched off stays off."""

from __future__ import annotations

import time
from contextlib import nullcontext
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

import pytest

from blackstart.engine.ssh import Fleet
from blackstart.errors import GateTimeoutError
from blackstart.lab import boot, lifecycle, machines, podman
from blackstart.lab.guard import RESERVED
from blackstart.lab.layout import Layout
from blackstart.lab.power import PodmanPower
from blackstart.model.cluster import Disk, Disks, Nic, Node
from blackstart.power import waits
from blackstart.power.ask import Ask
from blackstart.power.base import Power

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.lab

SET = Layout("power-test", IPv4Network("10.77.17.0/24"), ("one",))
ONE = SET.machines[0]
NODE = Node(
    name="one", ansible_host=ONE.address, disks=Disks(boot=Disk(id="x", size_gb=1)), nic_lan=Nic(name="x"), ram_gib=1
)
BUTTON = PodmanPower("one", SET)
SECONDS = 60.0
# Names each disk of this machine that can be opened; the loop devices of practice disks are meant to be.
OPEN_EACH = f"""for device in /sys/class/block/*/dev; do
  IFS=: read -r major minor <$device
  [ $major = 7 ] && [ $minor -ge {RESERVED.start} ] && continue
  mknod /root/probe b $major $minor; head -c 1 /root/probe >/dev/null 2>&1 && echo $device; rm /root/probe
done; true"""


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    """Keep one node up, and gone afterwards."""
    lifecycle.down(nullcontext, SET)
    lifecycle.up(nullcontext, SET)
    connections = Fleet([NODE], SET.state)
    yield connections
    connections.close()
    lifecycle.down(nullcontext, SET)


def exit_code() -> int:
    return int(podman.local().run("inspect", "--format", "{{.State.ExitCode}}", ONE.container).stdout)


def stays_off() -> bool:
    """Look for some seconds: podman would start it again in less than one."""
    end = time.monotonic() + 4
    while time.monotonic() < end:
        if BUTTON.state().power is not Power.OFF:
            return False
        time.sleep(0.2)
    return True


def test_a_node_that_reboots_comes_back_by_itself_behind_the_guard(fleet: Fleet) -> None:
    said: list[str] = []
    for _ in range(2):
        before = waits.boot_of(fleet, "one")
        boot.run(SET, ONE, "systemd-run --no-block --collect systemctl reboot")
        after = waits.await_live(NODE, BUTTON, fleet, before, say=said.append, seconds=SECONDS)
        assert after != before
        assert after.kernel == before.kernel, "a container keeps the machine's kernel; its init tells its life"
        opened = boot.run(SET, ONE, OPEN_EACH)
        assert opened == "", "the node that came back can open a disk of this machine"
    assert said, "it was awaited, and not found at once"


def test_a_node_that_powers_off_from_inside_stays_off(fleet: Fleet) -> None:
    before = waits.boot_of(fleet, "one")
    boot.run(SET, ONE, "systemd-run --no-block --collect systemctl poweroff")
    waits.await_dark(NODE, BUTTON, say=lambda _: None, seconds=SECONDS)
    assert stays_off()
    assert exit_code() == 0
    BUTTON.on()
    assert waits.await_live(NODE, BUTTON, fleet, None, say=lambda _: None, seconds=SECONDS) != before


@pytest.mark.parametrize("force", [False, True], ids=["shut-down", "cut"])
def test_the_button_switches_off_and_on(fleet: Fleet, *, force: bool) -> None:
    before = waits.boot_of(fleet, "one")
    assert BUTTON.state().power is Power.ON
    BUTTON.off(force=force)
    waits.await_dark(NODE, BUTTON, say=lambda _: None, seconds=SECONDS)
    assert stays_off()
    assert BUTTON.on() == "podman switched one on"
    assert waits.await_live(NODE, BUTTON, fleet, None, say=lambda _: None, seconds=SECONDS) != before


def test_a_cycle_is_another_life(fleet: Fleet) -> None:
    before = waits.boot_of(fleet, "one")
    BUTTON.cycle()
    assert waits.await_live(NODE, BUTTON, fleet, before, say=lambda _: None, seconds=SECONDS) != before
    BUTTON.on()
    assert BUTTON.state().power is Power.ON, "pressing a button that has been pressed is harmless"


def test_a_person_is_waited_for_and_silence_alone_is_not_dark_at_once(fleet: Fleet) -> None:
    person = Ask("one", str(ONE.address))
    said: list[str] = []
    with pytest.raises(GateTimeoutError, match="ssh answers; only a person"):
        waits.await_dark(NODE, person, say=said.append, seconds=1)
    machines.power_off("one", layout=SET, cut=True)
    waits.await_dark(NODE, person, say=said.append, seconds=SECONDS)
    with pytest.raises(GateTimeoutError, match="did not boot"):
        waits.await_live(NODE, person, fleet, None, say=said.append, seconds=1)
    machines.press("one", layout=SET)
    waits.await_live(NODE, person, fleet, None, say=said.append, seconds=SECONDS)


def test_a_node_that_does_not_reboot_is_not_taken_for_one_that_did(fleet: Fleet) -> None:
    before = waits.boot_of(fleet, "one")
    with pytest.raises(GateTimeoutError, match="still from the previous boot"):
        waits.await_live(NODE, BUTTON, fleet, before, say=lambda _: None, seconds=2)
