"""The operating system is what a Kubernetes node needs, as its own tools say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Refused
    from testinfra.host import Host

PEERS = {"melchior-1": "10.77.14.13", "balthasar-2": "10.77.14.14", "casper-3": "10.77.14.15"}


def test_it_is_called_as_the_inventory_says(host: Host) -> None:
    assert host.check_output("hostname") == "melchior-1"


@pytest.mark.parametrize(("name", "address"), [*PEERS.items(), ("k8s-api.lab.home", "10.77.14.20")])
def test_names_are_known_without_dns(host: Host, name: str, address: str) -> None:
    assert address in host.check_output(f"getent ahostsv4 {name}").split()


@pytest.mark.parametrize("name", ["net.ipv4.ip_forward"])
def test_the_kernel_forwards(host: Host, name: str) -> None:
    assert host.sysctl(name) == 1


def test_packages_come_from_the_pinned_snapshot_alone(host: Host) -> None:
    servers = host.check_output("pacman-conf --repo=core Server").split()
    assert len(servers) == 1
    assert servers[0].startswith("file:///bundle/repos/2026/02/20/")


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"base_os_snapshot": "yesterday"}, 'base_os_snapshot "yesterday"'),
        ({"base_os_time_sync": "timesyncd", "base_os_time_servers": []}, "a time server where the clock is kept"),
    ],
)
def test_it_refuses_what_it_cannot_do(refused: Refused, variables: dict[str, object], text: str) -> None:
    tasks = refused("base_os", text, **variables)
    assert [task for task in tasks if task["status"] == "changed"] == []


def test_it_keeps_the_package_lists_when_the_day_is_not_there(host: Host, refused: Refused) -> None:
    files = ("/etc/pacman.conf", "/etc/pacman.d/mirrorlist")
    before = [(host.file(name).content_string, host.file(name).mtime) for name in files]
    refused("base_os", "/etc/pacman.conf stays as it is", base_os_snapshot="1999/12/31")
    assert [(host.file(name).content_string, host.file(name).mtime) for name in files] == before
    assert host.run("pacman --sync --refresh").rc == 0
