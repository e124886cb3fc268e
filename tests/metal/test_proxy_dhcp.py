"""Who is answered when a firmware asks what to boot, and with what: real packets to the real dnsmasq, over a veth pair.

The other end of the pair is in a network namespace of its own, where tests/support/metal/firmware.py asks.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from blackstart.engine import process
from blackstart.errors import InputError
from blackstart.metal import pxe
from blackstart.metal.boot_progress import BootProgress, Step
from blackstart.metal.serve import own_address, serving
from tests.support.lab.harness import until
from tests.support.metal import firmware, orders
from tests.support.processes import command_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blackstart.metal.http import Boots
    from blackstart.model.cluster import Cluster

pytestmark = pytest.mark.lab
SPACE, LINK, NETWORK, HERE = "bspxe", "bspxe0", "10.77.16.0/24", "10.77.16.1"
CLIENT = Path(firmware.__file__)
UEFI, UEFI_TOO, BIOS = "7", "9", "0"
NONE = str(IPv4Address(0))


def ip(*words: str) -> None:
    process.run(["ip", *words])


def inside(*words: str | Path, check: bool = True) -> str:
    return process.run(["ip", "netns", "exec", SPACE, *words], check=check).stdout


def ask(mac: str, architecture: str, *more: str) -> dict[str, list[dict[str, str]]]:
    answers: dict[str, Any] = json.loads(inside(sys.executable, CLIENT, "lan", mac, architecture, *more))
    return answers


@pytest.fixture(scope="module")
def wire() -> Iterator[None]:
    process.run(["ip", "netns", "delete", SPACE], check=False)
    ip("netns", "add", SPACE)
    try:
        ip("link", "add", LINK, "type", "veth", "peer", "name", "lan", "netns", SPACE)
        ip("address", "add", f"{HERE}/24", "dev", LINK)
        ip("link", "set", LINK, "up")
        ip("-netns", SPACE, "address", "add", "10.77.16.9/24", "dev", "lan")
        ip("-netns", SPACE, "link", "set", "lan", "up")
        yield
    finally:
        ip("netns", "delete", SPACE)


@pytest.fixture(scope="module")
def desired(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    return orders.cluster(orders.live_files(tmp_path_factory.mktemp("bundle") / "netboot"), network=NETWORK)


def leftovers(settings: Path) -> list[int]:
    """Return the processes that were started with this configuration."""
    word = f"--conf-file={settings}".encode()
    return [number for number, line in command_lines().items() if word in line.split(b"\0")]


def test_what_a_killed_run_left_running_is_ended_and_has_nothing_authorised(wire: None, tmp_path: Path) -> None:
    """Kill a process that serves: its dnsmasq stays, its orders do not, and the next run takes over.

    Before the tests that serve on the same ports themselves.
    """
    live = orders.live_files(tmp_path / "bundle" / "netboot")
    desired, room = orders.cluster(live, network="10.77.17.0/24"), tmp_path / "state"
    ip("address", "add", "10.77.17.1/24", "dev", LINK)
    settings = room / "netboot" / "dnsmasq.conf"
    child = os.fork()
    if child == 0:
        # No test goes on in here, whatever happens.
        try:
            room.mkdir()
            with serving(desired, room, lambda _words: None, port=8477) as first:
                first.authorise(orders.MAC, "#!ipxe", "token", {"user-data": "secret"})
                (tmp_path / "ready").touch()
                signal.pause()
        finally:
            os._exit(1)
    try:
        process.run(["timeout", "10", "sh", "-c", f"until [ -e {tmp_path / 'ready'} ]; do sleep 0.05; done"])
        assert len(leftovers(settings)) == 1
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    (old,) = leftovers(settings)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("10.77.17.1", 8477), timeout=2)
    asked = BootProgress(lambda _words: None)
    with pxe.answering(desired, own_address(desired), "http://10.77.17.1:8477", settings.parent, asked):
        assert leftovers(settings) != [old]
        assert len(leftovers(settings)) == 1
    assert leftovers(settings) == []


@pytest.fixture(scope="module")
def said() -> list[str]:
    return []


@pytest.fixture(scope="module")
def server(wire: None, desired: Cluster, said: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Boots]:
    with serving(desired, tmp_path_factory.mktemp("state"), said.append, port=0) as running:
        yield running


@pytest.mark.parametrize("architecture", [UEFI, UEFI_TOO])
def test_a_known_firmware_is_sent_to_ipxe_and_given_no_address(
    server: Boots, said: list[str], architecture: str
) -> None:
    answers = ask(orders.MAC, architecture)
    assert [offer["address"] for offer in answers["offers"]] == [NONE]
    assert [(ack["address"], ack["server"], ack["file"]) for ack in answers["acks"]] == [(NONE, HERE, pxe.LOADER)]
    # What dnsmasq did is read from its log, a moment later.
    until(lambda: "the firmware of melchior-1 asked what to boot" in said, 10, "dnsmasq's log says so")
    assert server.asked.furthest >= Step.FIRMWARE


def test_ipxe_is_sent_to_the_script_and_not_to_itself(server: Boots) -> None:
    assert [offer["file"] for offer in ask(orders.MAC, UEFI, "ipxe")["offers"]] == [f"{server.url}/boot.ipxe"]


def test_a_machine_that_the_inventory_does_not_name_is_not_answered(server: Boots) -> None:
    assert ask("52:54:00:aa:00:02", UEFI) == {"offers": [], "acks": []}
    assert ask("52:54:00:aa:00:02", UEFI, "ipxe") == {"offers": [], "acks": []}


def test_a_machine_without_uefi_gets_nothing_to_boot(server: Boots) -> None:
    assert {ack["file"] for ack in ask(orders.MAC, BIOS)["acks"]} <= {""}


def test_tftp_has_ipxe_and_nothing_else(server: Boots, said: list[str], tmp_path: Path) -> None:
    inside("curl", "-sS", f"tftp://{HERE}/{pxe.LOADER}", "-o", tmp_path / "got")
    assert (tmp_path / "got").read_bytes() == pxe.loader().read_bytes()
    until(lambda: f"10.77.16.9 fetched {pxe.LOADER}" in said, 10, "dnsmasq's log says so")
    for name in ("../dnsmasq.conf", "/etc/passwd", "%2e%2e/dnsmasq.conf"):
        inside("curl", "-sS", "--path-as-is", f"tftp://{HERE}/{name}", "-o", tmp_path / "other", check=False)
        assert not (tmp_path / "other").exists()


def test_the_rendered_configuration_is_one(server: Boots, desired: Cluster, tmp_path: Path) -> None:
    text = pxe.configuration(desired, LINK, own_address(desired), server.url, tmp_path)
    (tmp_path / "dnsmasq.conf").write_text(text)
    process.run(["dnsmasq", "--test", f"--conf-file={tmp_path / 'dnsmasq.conf'}"])
    # Nodes whose MAC address is still to be filled in are not in it.
    assert [line for line in text.splitlines() if "host=" in line] == [f"dhcp-host={orders.MAC.lower()},set:melchior-1"]
    assert [line for line in text.splitlines() if "range" in line] == ["dhcp-range=10.77.16.0,proxy,255.255.255.0"]


def test_a_second_server_names_what_is_in_the_way(server: Boots, desired: Cluster, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not free") as caught, serving(desired, tmp_path, print, port=0):
        pass
    assert "ss -lunp" in caught.value.hint
