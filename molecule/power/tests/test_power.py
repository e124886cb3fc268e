"""The node is in another life, what was on its disk is still there, and who needed time to end had it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from testinfra.host import Host


def test_it_is_another_life(host: Host) -> None:
    before = host.file("/root/life").content_string
    assert host.check_output("cut -d ' ' -f 22 /proc/1/stat") != before.strip()
    assert not host.file("/run/life").exists, "memory is not what it was"


def test_who_held_the_shutdown_up_had_its_time(host: Host) -> None:
    assert host.file("/root/had-its-time").exists, host.run("journalctl --no-pager --boot -1 --lines 30").stdout


def test_it_is_up_and_well(host: Host) -> None:
    assert host.check_output("systemctl is-system-running --wait") == "running"
    assert host.service("slow-to-end").is_running is False


def test_nothing_of_the_command_is_left(host: Host) -> None:
    assert host.check_output("systemctl list-units --all --no-legend 'blackstart-power*'") == ""
