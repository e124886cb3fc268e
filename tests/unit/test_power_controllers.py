"""Management controllers for real, as far as they exist here: over HTTP and RMCP+ to emulators on loopback.

Redfish: sushy against the emulator of sushy-tools with its fake machines, which take a moment to change their power, as
real ones do. IPMI: pyghmi's client against pyghmi's own server, so both ends are of one make: how controllers of other
makes behave is not tested.
"""

from __future__ import annotations

import base64
import json
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import bcrypt
import pytest

from blackstart.errors import UnreachableError
from blackstart.power.base import BootsNetwork, Power
from blackstart.power.ipmi import Ipmi
from blackstart.power.redfish import Redfish

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blackstart.power.base import Driver

pytestmark = pytest.mark.slow
SUPPORT = Path(__file__).parents[1] / "support"
PASSWORD = "hunter2"  # noqa: S105 - the emulators' own
ONE, OTHER = "27946b59-9e44-4fa7-8e91-f3527a1ef094", "3d43b3b4-6c3b-4b3a-8a0a-7f1a1c0c0c0c"
MACHINES = f"""\
SUSHY_EMULATOR_FAKE_SYSTEMS = [
    {{"uuid": "{ONE}", "name": "casper-3", "power_state": "Off", "nics": []}},
    {{"uuid": "{OTHER}", "name": "other", "power_state": "Off", "nics": []}},
]
"""


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(button: Driver, power: Power, seconds: float = 20.0) -> None:
    """Await what a controller says of the power."""
    end = time.monotonic() + seconds
    while (seen := button.state()).power is not power:
        assert time.monotonic() < end, seen.words
        time.sleep(0.2)


@pytest.fixture(scope="module")
def redfish(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run the emulator and return its address."""
    room: Path = tmp_path_factory.mktemp("redfish")
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    (room / "users").write_text(f"admin:{hashed}\n")
    state = f"SUSHY_EMULATOR_STATE_DIR = {str(room)!r}\nSUSHY_EMULATOR_AUTH_FILE = {str(room / 'users')!r}\n"
    (room / "emulator.conf").write_text(MACHINES + state)
    port = free_port(socket.SOCK_STREAM)
    words = ["--config", str(room / "emulator.conf"), "--fake", "--interface", "127.0.0.1", "--port", str(port)]
    with (room / "log").open("w") as log:
        emulator = subprocess.Popen(
            [sys.executable, SUPPORT / "redfish.py", *words], stdout=log, stderr=subprocess.STDOUT
        )
    end = time.monotonic() + 30
    while emulator.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        assert time.monotonic() < end, (room / "log").read_text()
        time.sleep(0.1)
    assert emulator.poll() is None, (room / "log").read_text()
    yield f"http://127.0.0.1:{port}"
    emulator.terminate()
    emulator.wait(10)


def test_redfish_switches_on_off_and_on_again_and_sees_it(redfish: str) -> None:
    button = Redfish("casper-3", redfish, "admin", PASSWORD, system=ONE)
    assert button.state().power is Power.OFF
    assert "switched casper-3 on" in button.on()
    until(button, Power.ON)
    assert "asked for a shutdown" in button.off()
    until(button, Power.OFF)
    assert "cut the power" in button.off(force=True), "pressing a button that has been pressed is harmless"
    assert button.state().power is Power.OFF
    other = Redfish("other", redfish, "admin", PASSWORD, system=f"/redfish/v1/Systems/{OTHER}")
    assert other.state().power is Power.OFF, "the other machine behind the same controller was not touched"


def test_redfish_cycles_by_seeing_the_power_gone(redfish: str) -> None:
    button = Redfish("casper-3", redfish, "admin", PASSWORD, system=ONE)
    button.on()
    until(button, Power.ON)
    assert button.cycle().endswith("switched casper-3 on")
    until(button, Power.ON)


def test_redfish_has_a_machine_boot_from_the_network_and_from_its_disk_again(redfish: str) -> None:
    button = Redfish("casper-3", redfish, "admin", PASSWORD, system=ONE)
    assert isinstance(button, BootsNetwork)
    token = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    question = urllib.request.Request(
        f"{redfish}/redfish/v1/Systems/{ONE}", headers={"Authorization": f"Basic {token}"}
    )

    def target() -> str:
        with urllib.request.urlopen(question, timeout=10) as answer:
            return str(json.load(answer)["Boot"]["BootSourceOverrideTarget"])

    assert button.next_boot(network=True).endswith("has casper-3 boot from the network next")
    assert target() == "Pxe"
    assert button.next_boot(network=False).endswith("has casper-3 boot from its disk next")
    assert target() == "Hdd"


@pytest.mark.parametrize(
    ("password", "system", "said"),
    [
        ("wrong", ONE, "returned code 401"),
        (PASSWORD, "nobody", "/Systems/nobody not found"),
        (PASSWORD, "", "System count is not exactly one"),  # two machines and none named
    ],
)
def test_redfish_says_what_is_wrong_and_keeps_the_password_to_itself(
    redfish: str, password: str, system: str, said: str
) -> None:
    button = Redfish("casper-3", redfish, "admin", password, system=system)
    with pytest.raises(UnreachableError) as failed:
        button.on()
    assert said in failed.value.message
    assert password not in failed.value.message + failed.value.hint
    assert button.state().power is Power.UNKNOWN


@pytest.fixture(scope="module")
def bmc() -> Iterator[int]:
    """Run a controller and return its port."""
    port = free_port(socket.SOCK_DGRAM)
    server = subprocess.Popen([sys.executable, SUPPORT / "bmc.py", str(port)])
    try:
        end = time.monotonic() + 20
        while free(port):
            assert time.monotonic() < end
            assert server.poll() is None
            time.sleep(0.1)
        yield port
    finally:
        server.terminate()
        server.wait(10)


def free(port: int) -> bool:
    """Tell whether nobody listens there yet."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def test_ipmi_switches_on_off_and_on_again_and_sees_it(bmc: int) -> None:
    button = Ipmi("casper-3", "127.0.0.1", bmc, "admin", PASSWORD)
    assert button.state().power is Power.OFF
    button.on()
    assert button.state().power is Power.ON
    assert button.cycle().endswith("switched casper-3 on")
    assert button.state().power is Power.ON
    assert "asked for a shutdown" in button.off()
    assert button.state().power is Power.OFF
    button.off(force=True)
    assert button.state().power is Power.OFF


def test_ipmi_says_what_is_wrong_and_keeps_the_password_to_itself(bmc: int) -> None:
    button = Ipmi("casper-3", "127.0.0.1", bmc, "admin", "hunter3")
    with pytest.raises(UnreachableError) as failed:
        button.on()
    assert "hunter3" not in failed.value.message
    assert button.state().power is Power.UNKNOWN


def test_ipmi_without_a_controller() -> None:
    button = Ipmi("casper-3", "127.0.0.1", free_port(socket.SOCK_DGRAM), "admin", PASSWORD)
    assert button.state().power is Power.UNKNOWN
