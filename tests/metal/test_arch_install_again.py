"""arch_install after a power cut in the middle, and over a system that is there; the fallback entry of what it left."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING

import pytest

from blackstart.errors import BlackstartError, RefusedError, UnreachableError
from tests.support.disks import images as disk_images
from tests.support.metal.machine import CANARIES, SERIALS

if TYPE_CHECKING:
    from tests.support.metal.site import Site

pytestmark = [pytest.mark.lab, pytest.mark.metal, pytest.mark.long]

FALLBACK = "initrd=\\initramfs-linux-fallback.img"
SECONDS = 900.0  # it takes 100 when nothing else runs
HALFWAY = "/mnt/var/lib/pacman/local/linux-[0-9]*"  # pacstrap has unpacked the kernel, and its hooks are yet to run


def canaries(practice: Site) -> list[str]:
    return [disk_images.fingerprint(practice.machine.disk(serial)) for serial in CANARIES]


def halfway(practice: Site) -> bool:
    try:
        return practice.run("sh", "-c", f"ls -d {HALFWAY}", check=False).status == 0
    except UnreachableError:  # busy: it did not answer in time
        return False


def test_a_power_cut_in_the_middle_and_then_the_same_again(practice: Site) -> None:
    before = canaries(practice)
    practice.boot_live()
    errors: list[BlackstartError] = []

    def install() -> None:
        try:
            practice.install(arch_install_filesystem="xfs")
        except BlackstartError as error:
            errors.append(error)

    thread = threading.Thread(target=install)
    thread.start()
    end = time.monotonic() + SECONDS
    while not halfway(practice):
        assert thread.is_alive(), errors
        assert time.monotonic() < end, practice.machine.tail()
        time.sleep(2)
    practice.machine.cut()
    thread.join()
    assert [type(error) for error in errors] == [UnreachableError], errors
    assert canaries(practice) == before

    practice.boot_live()
    assert practice.install(arch_install_filesystem="xfs") != {}
    practice.machine.off()
    practice.await_dark()
    practice.boot_disk()
    assert practice.run("findmnt", "--noheadings", "--output", "FSTYPE", "/").out.strip() == "xfs"
    assert practice.run("systemctl", "is-system-running", "--wait", timeout=300).out.strip() == "running"
    assert canaries(practice) == before


def test_an_old_system_is_erased_only_by_its_serial_number(practice: Site) -> None:
    before = canaries(practice)
    practice.machine.cut()
    practice.boot_live()
    boot = practice.machine.disk(SERIALS[0])
    old = disk_images.fingerprint(boot)
    with pytest.raises(RefusedError, match="gpt"):
        practice.install(arch_install_order_id="ffee", arch_install_disk_serial="")
    assert disk_images.fingerprint(boot) == old
    assert practice.install(arch_install_order_id="ffee") != {}
    practice.machine.off()
    practice.await_dark()
    practice.boot_disk()
    assert json.loads(practice.run("cat", "/etc/blackstart/installation.json").out)["id"] == "ffee"
    assert practice.run("findmnt", "--noheadings", "--output", "FSTYPE", "/").out.strip() == "ext4"
    assert canaries(practice) == before


def test_the_fallback_entry_boots(practice: Site) -> None:
    practice.run("bootctl", "set-oneshot", "arch-fallback.conf")
    practice.machine.off()
    practice.await_dark()
    practice.boot_disk()
    assert practice.run("cat", "/run/initramfs-preset").out.strip() == "fallback"
    # The loader says which image it took; the initramfs itself said which preset made it.
    assert FALLBACK in practice.run("cat", "/proc/cmdline").out
    assert practice.run("systemctl", "is-system-running", "--wait", timeout=300).out.strip() == "running"
    practice.machine.off()
    practice.await_dark()
    practice.boot_disk()
    assert FALLBACK not in practice.run("cat", "/proc/cmdline").out, "once was meant"
