"""Scheduler, timer and watcher are as the variables say, by what the kernel and systemd say."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from testinfra.host import Host

DISKS = [f"/dev/disk/by-id/nvme-PRACTICE_DISK_MELCHIOR1{letter}" for letter in "BC"]


def scheduler(host: Host, disk: str) -> str:
    kernel = host.check_output(f"readlink -f {disk}").rpartition("/")[2]
    return host.check_output(f"cat /sys/block/{kernel}/queue/scheduler")


def test_the_scheduler_is_set_now(host: Host) -> None:
    assert all("[mq-deadline]" in scheduler(host, disk) for disk in DISKS)


def test_udev_sets_it_again(host: Host) -> None:
    kernel = host.check_output(f"readlink -f {DISKS[0]}").rpartition("/")[2]
    again = f"udevadm trigger --settle --action=change /sys/block/{kernel}"
    host.check_output(f"echo none > /sys/block/{kernel}/queue/scheduler && {again}")
    assert "[mq-deadline]" in scheduler(host, DISKS[0])


def test_the_timer_waits_for_its_day(host: Host, service: Callable[[str], None]) -> None:
    service("fstrim.timer")
    assert "fstrim.service" in host.check_output("systemctl list-timers --no-pager fstrim.timer")


def test_the_watcher_runs_with_our_disks_by_name(host: Host, service: Callable[[str], None]) -> None:
    service("smartd.service")
    said = host.check_output("journalctl --no-pager --output=cat --unit=smartd.service")
    assert all(disk in said for disk in DISKS)
    assert "DEVICESCAN" not in said
