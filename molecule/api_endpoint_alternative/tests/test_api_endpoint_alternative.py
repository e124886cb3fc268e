"""keepalived runs as another virtual router, between other addresses, and asks another port."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Until
    from testinfra.host import Host

SOON = 10  # seconds for a reload


def running(host: Host) -> dict[str, Any]:
    """Return what keepalived itself says of its one router; it writes that on a signal (keepalived(8))."""
    host.check_output("kill -s $(keepalived --signum=DATA) $(cat /run/keepalived.pid)")
    text = host.check_output("cat /tmp/keepalived.data")
    lines = [line.strip().partition(" = ") for line in text.splitlines()]
    return {name: value for name, _, value in lines if value}


def test_it_runs(service: Callable[[str], None]) -> None:
    service("keepalived")


def test_it_is_the_other_router_by_what_it_says_itself(host: Host, until: Until) -> None:
    def other() -> tuple[bool, object]:
        said = running(host)
        return said.get("Virtual Router ID") == "177", said

    until(other, SOON)


def test_it_speaks_from_the_other_address_to_the_other_peer_alone(host: Host) -> None:
    text = host.file("/etc/keepalived/keepalived.conf").content_string
    assert "unicast_src_ip 10.77.14.113" in text
    assert "10.77.14.15" in text
    assert "10.77.14.14" not in text
    assert "10.77.14.21/32" in text
    assert host.run("keepalived --config-test").rc == 0


def test_it_asks_the_api_at_the_other_port(host: Host) -> None:
    assert "https://10.77.14.113:7443/readyz" in host.file("/usr/local/lib/blackstart/api-ready").content_string


def test_the_first_address_was_given_up(host: Host) -> None:
    links = json.loads(host.check_output("ip -4 -json address"))
    assert "10.77.14.20" not in [each["local"] for link in links for each in link.get("addr_info", [])]
