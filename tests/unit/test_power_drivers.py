"""Power buttons that need nothing but this machine: a real UDP socket, a real program, a person who reads."""

from __future__ import annotations

import socket
import stat
import sys
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Any

import pytest

from blackstart import power
from blackstart.errors import GateTimeoutError, InputError, RefusedError, UnreachableError
from blackstart.model import power as models
from blackstart.power import base
from blackstart.power.ask import Ask
from blackstart.power.base import Driver, Power, PowerFacts
from blackstart.power.hook import Hook
from blackstart.power.wol import WakeOnLan
from tests.support.facts import DESIRED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from blackstart.model.cluster import Cluster

MAC = "02:42:0a:4d:0d:0f"


def cluster(button: Any, **changes: Any) -> Cluster:
    """Return a cluster whose casper-3 has this button."""
    casper = DESIRED.node("casper-3").model_copy(update={"power": button, **changes})
    return DESIRED.model_copy(update={"nodes": (*DESIRED.nodes[:2], casper)})


@pytest.fixture
def lan() -> Iterator[socket.socket]:
    """Listen as a sleeping network interface would."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(5)
        yield listener


def test_a_magic_packet_arrives_as_interfaces_want_it(lan: socket.socket) -> None:
    button = WakeOnLan("casper-3", MAC, IPv4Address("127.0.0.1"), lan.getsockname()[1])
    assert MAC in button.on()
    expected = b"\xff\xff\xff\xff\xff\xff" + b"\x02\x42\x0a\x4d\x0d\x0f" * 16
    assert lan.recv(2000) == expected
    assert len(expected) == 102


def test_each_press_sends_another_packet(lan: socket.socket) -> None:
    button = WakeOnLan("casper-3", MAC, IPv4Address("127.0.0.1"), lan.getsockname()[1])
    for _ in range(3):
        button.on()
    assert len({lan.recv(2000) for _ in range(3)}) == 1
    assert button.repeat > 0, "whoever waits must know that one packet may be lost"


def test_a_lan_that_is_not_ours_is_said() -> None:
    button = WakeOnLan("casper-3", MAC, IPv4Address("127.0.0.1"), 0)
    with pytest.raises(UnreachableError, match="no magic packet for casper-3"):
        button.on()


@pytest.mark.parametrize("press", ["off", "cycle"])
def test_wake_on_lan_does_not_pretend_to_switch_off(press: str) -> None:
    button = WakeOnLan("casper-3", MAC, IPv4Address("127.0.0.1"), 9)
    with pytest.raises(RefusedError) as refused:
        getattr(button, press)()
    assert "power button" in refused.value.hint
    assert button.state().power is Power.UNKNOWN


def test_address_and_mac_are_those_of_the_lan_unless_said_otherwise() -> None:
    nic = DESIRED.node("casper-3").nic_lan.model_copy(update={"mac": MAC})
    button = power.driver(cluster(models.WakeOnLan(driver="wol"), nic_lan=nic), "casper-3")
    assert button == WakeOnLan("casper-3", MAC, IPv4Address("10.0.0.255"), 9)
    other = models.WakeOnLan(driver="wol", mac="02:00:00:00:00:01", broadcast=IPv4Address("10.9.255.255"), port=7)
    button = power.driver(cluster(other, nic_lan=nic), "casper-3")
    assert button == WakeOnLan("casper-3", "02:00:00:00:00:01", IPv4Address("10.9.255.255"), 7)


def test_nobody_is_woken_by_a_placeholder() -> None:
    nic = DESIRED.node("casper-3").nic_lan.model_copy(update={"mac": "CHANGE-ME-lan-mac-of-casper-3"})
    with pytest.raises(InputError, match="CHANGE-ME-lan-mac-of-casper-3") as refused:
        power.driver(cluster(models.WakeOnLan(driver="wol"), nic_lan=nic), "casper-3")
    assert "nic_lan.mac" in refused.value.hint


PROGRAM = """\
#!{python}
import pathlib, sys
here = pathlib.Path(__file__).parent
with (here / "calls").open("a") as calls:
    calls.write(repr(sys.argv[1:]) + "\\n")
if (here / "broken").exists():
    sys.exit("the plug at 10.0.0.9 does not answer")
plug = here / "plug"
if sys.argv[-1] == "state":
    print("looking ...")
    print(plug.read_text() if plug.exists() else "who knows")
elif not (here / "stuck").exists():
    plug.write_text("on" if sys.argv[-1] == "on" else "OFF")
"""


@pytest.fixture
def hook(tmp_path: Path) -> Hook:
    """Return a hook whose program is a plug that remembers."""
    program = tmp_path / "plug program"
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(0o700)
    return Hook("casper-3", (str(program), "--which={node}", "a b; rm $HOME", "{action}"), 20.0)


def calls(tmp_path: Path) -> list[str]:
    return (tmp_path / "calls").read_text().splitlines()


def test_a_hook_gets_its_words_as_they_are_and_no_shell(hook: Hook, tmp_path: Path) -> None:
    assert "casper-3" in hook.on()
    hook.off()
    hook.off(force=True)
    assert calls(tmp_path) == [
        f"['--which=casper-3', 'a b; rm $HOME', '{action}']" for action in ("on", "off", "force-off")
    ]


def test_a_hook_tells_the_power_by_its_last_word(hook: Hook) -> None:
    assert hook.state().power is Power.UNKNOWN
    hook.on()
    assert hook.state().power is Power.ON
    hook.off()
    assert hook.state().power is Power.OFF


def test_a_hook_cycles_by_seeing_the_power_gone(hook: Hook, tmp_path: Path) -> None:
    hook.on()
    hook.cycle()
    assert [line.split("'")[-2] for line in calls(tmp_path)] == ["on", "force-off", "state", "on"]


def test_a_hook_that_fails_shows_status_and_stderr(hook: Hook, tmp_path: Path) -> None:
    (tmp_path / "broken").touch()
    with pytest.raises(UnreachableError) as failed:
        hook.on()
    assert "ended with status 1 for on of casper-3: the plug at 10.0.0.9 does not answer" in failed.value.message
    seen = hook.state()
    assert seen.power is Power.UNKNOWN
    assert "does not answer" in seen.words


def test_a_hook_that_is_not_there_or_hangs_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="status 127"):
        Hook("casper-3", (str(tmp_path / "nothing"),), 5.0).on()
    with pytest.raises(UnreachableError, match=r"still running after 0\.2 s"):
        Hook("casper-3", ("sleep", "60"), 0.2).on()


def test_what_stays_on_is_not_switched_on_again(hook: Hook, tmp_path: Path) -> None:
    hook.on()
    (tmp_path / "stuck").touch()
    now = iter(range(0, 1000, 10))
    with pytest.raises(GateTimeoutError, match=r"not seen off: .* says on"):
        base.off_then_on(hook, clock=lambda: float(next(now)), sleep=lambda _: None)
    assert "'on'" not in calls(tmp_path)[-1]


def test_a_person_is_told_which_button_how_long_and_what_to_see() -> None:
    button = power.driver(DESIRED, "casper-3")
    assert isinstance(button, Ask), "a person is the default"
    assert button.on() == "please press the power button of casper-3 (10.0.0.15) once, and see its light come on"
    assert "five seconds, until its light is out" in button.off(force=True)
    assert "let it shut down" in button.off()
    assert button.cycle().endswith("; then press it once more")
    assert button.state() == PowerFacts(Power.UNKNOWN, "only a person at the machine can see its light")


def ipmi(**secret: str) -> Cluster:
    return cluster(models.Ipmi(driver="ipmi", address="127.0.0.1", user="root", **secret))


def test_a_password_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bmc"
    file.write_text("hunter2\n")
    file.chmod(0o640)
    with pytest.raises(InputError, match="can be read by others") as refused:
        power.driver(ipmi(password_file=str(file)), "casper-3")
    assert refused.value.hint == f"chmod 600 {file}"
    file.chmod(stat.S_IRUSR)
    power.driver(ipmi(password_file=str(file)), "casper-3")


def test_a_password_that_is_not_there_is_said_without_repeating_what_stands_in_its_place() -> None:
    for secret in ({"password_file": "/hunter2"}, {"password_env": "HUNTER2"}):
        with pytest.raises(InputError) as refused:
            power.driver(ipmi(**secret), "casper-3", environment={})
        assert "hunter2" not in (refused.value.message + refused.value.hint).lower()


def test_a_package_that_is_missing_is_named_with_the_command() -> None:
    with pytest.raises(InputError) as refused:
        base.needed("blackstart_no_such_package.inner", "redfish")
    assert "redfish needs blackstart_no_such_package, which is not installed" in refused.value.message
    assert refused.value.hint == "pip install 'blackstart[power]'"


def test_every_driver_keeps_the_protocol(hook: Hook) -> None:
    buttons: list[Driver] = [hook, power.driver(DESIRED, "casper-3"), power.driver(ipmi(), "casper-3")]
    buttons.append(power.driver(cluster(models.Redfish(driver="redfish", url="http://127.0.0.1:1")), "casper-3"))
    buttons.append(power.driver(cluster(models.Lab(driver="lab")), "casper-3"))
    for button in buttons:
        assert button.tells in {True, False}
        assert button.repeat >= 0


def test_the_practice_cluster_has_no_button_for_strangers() -> None:
    other = DESIRED.nodes[0].model_copy(update={"name": "adam", "power": models.Lab(driver="lab")})
    with pytest.raises(UnreachableError, match="no node adam"):
        power.driver(DESIRED.model_copy(update={"nodes": (other,)}), "adam")
