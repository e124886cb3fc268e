"""keepalived is ready to hold the API's address, and does not while there is no API."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Refused
    from testinfra.host import Host

ADDRESS = "10.77.14.20"


def test_it_runs(service: Callable[[str], None]) -> None:
    service("keepalived")


def test_it_accepts_its_own_configuration(host: Host) -> None:
    assert host.run("keepalived --config-test").rc == 0


def test_it_speaks_to_its_peers_alone_and_takes_nothing_away_from_them(host: Host) -> None:
    text = host.file("/etc/keepalived/keepalived.conf").content_string
    assert "unicast_peer" in text
    assert "nopreempt" in text
    assert all(peer in text for peer in ("10.77.14.14", "10.77.14.15"))


def test_nobody_holds_the_address_without_an_api(host: Host) -> None:
    assert ADDRESS not in host.check_output("ip -4 -brief address")


def test_it_refuses_an_address_that_a_node_has(refused: Refused) -> None:
    refused("api_endpoint", "wanted: one that no node has", api_endpoint_address="10.77.14.14")


def test_it_refuses_to_speak_from_an_address_that_is_not_its_own(refused: Refused) -> None:
    refused("api_endpoint", "was found on no interface", api_endpoint_node_address="10.77.14.99")
