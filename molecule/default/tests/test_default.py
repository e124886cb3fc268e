"""The node is a whole machine with nothing of ours on it, and the machine below it is out of its reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Until
    from testinfra.host import Host


def test_it_has_started_as_a_machine_does(host: Host, until: Until) -> None:
    def running() -> tuple[bool, object]:
        said = host.run("systemctl is-system-running").stdout.strip()
        return said == "running", f"{said}: {host.run('systemctl list-units --failed --no-legend').stdout}"

    until(running, 30)


@pytest.mark.parametrize("package", ["containerd", "kubelet", "keepalived", "helm"])
def test_no_role_has_been_there(host: Host, package: str) -> None:
    assert host.run(f"pacman --query {package}").rc != 0
    assert not host.file("/etc/blackstart").exists


def test_the_bundle_can_be_read_and_not_be_written(host: Host) -> None:
    assert host.file("/bundle/bundle.json").exists
    assert host.run("touch /bundle/mark").rc != 0


def test_no_disk_of_the_machine_can_be_opened(host: Host) -> None:
    disks = host.check_output("lsblk --noheadings --nodeps --paths --output NAME,MAJ:MIN,TYPE").splitlines()
    numbers = [words[1] for words in (line.split() for line in disks) if words[-1] == "disk"]
    assert numbers, "this machine shows no disk, so the guard was not tried"
    for number in numbers:
        major, _, minor = number.partition(":")
        assert host.run(f"rm -f /run/disk && mknod /run/disk b {major} {minor}").rc == 0
        opened = host.run("head --bytes=1 /run/disk")
        assert opened.rc != 0, f"{number} was read"
