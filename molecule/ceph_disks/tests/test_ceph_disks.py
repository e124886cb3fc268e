"""The disks keep the inventory's names, by udev's own doing, and nothing is watched that cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from testinfra.host import Host

BY_ID = "/dev/disk/by-id/nvme-PRACTICE_DISK_MELCHIOR1B"
# The practice node's own rules, which say who each disk is, and give it its first names.
OWN_RULES = "/etc/udev/rules.d/10-blackstart-disks.rules"


def test_a_disk_keeps_its_name_when_udev_has_another_for_it(host: Host) -> None:
    """As a systemd without names of the form nvme-MODEL_SERIAL would do."""
    kernel = host.check_output(f"readlink -f {BY_ID}")
    again = f"udevadm trigger --settle --action=change /sys/block/{kernel.rpartition('/')[2]}"
    hide = f"cp {OWN_RULES} /root/kept && sed -i 's/, SYMLINK+=.*//' {OWN_RULES} && udevadm control --reload"
    try:
        host.check_output(f"{hide} && rm {BY_ID} && {again}")
        assert host.check_output(f"readlink -f {BY_ID}") == kernel
    finally:
        host.check_output(f"mv /root/kept {OWN_RULES} && udevadm control --reload && {again}")


def test_the_kernel_s_choice_stays_for_disks_of_other_kinds(host: Host) -> None:
    assert "scheduler" not in host.file("/etc/udev/rules.d/90-blackstart-disks.rules").content_string


def test_virtual_disks_have_no_health_records_to_watch(host: Host) -> None:
    assert not host.file("/usr/bin/smartd").exists
