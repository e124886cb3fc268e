"""Every setting is the other one, and what only the first ones had is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from testinfra.host import Host


def test_it_is_called_otherwise(host: Host) -> None:
    assert host.check_output("hostname") == "elsewhere-1"
    assert host.check_output("cat /etc/hostname") == "elsewhere-1"


def test_other_names_are_known_and_the_first_ones_are_not(host: Host) -> None:
    assert host.check_output("getent ahostsv4 elsewhere.lab.home").split()[0] == "10.77.14.99"
    assert host.run("getent ahostsv4 k8s-api.lab.home").rc != 0


def test_packages_come_from_another_day_of_another_mirror(host: Host) -> None:
    servers = host.check_output("pacman-conf --repo=core Server").split()
    assert len(servers) == 1
    assert servers[0].startswith("file:///srv/archive/repos/2026/03/01/")
    assert host.check_output("pacman-conf --repo-list").split() == ["extra", "core"]
    assert host.check_output("pacman-conf IgnorePkg").split() == ["helm"]
    assert "PackageTrustAll" not in host.check_output("pacman-conf SigLevel").split()


def test_the_kernel_has_the_other_setting(host: Host) -> None:
    assert host.sysctl("net.ipv4.tcp_keepalive_time") == 611


def test_another_minor_version_of_kubernetes_is_kept_out(host: Host) -> None:
    done = host.run("pacman --sync --noconfirm --overwrite '*' kubectl")
    assert done.rc != 0
    assert "1.34" in done.stdout + done.stderr
    assert "1.35.1" in done.stdout + done.stderr
