"""The role arch_install on a machine: what it refuses with nothing written, and a system that boots from its own disk.

The tests are one story in the order in which they stand. The machine boots its live system once for all refusals and
the installation. Those that install are long: `make test` has its one installation behind a network boot.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from blackstart.errors import RefusedError, RoleFailedError
from tests.support.disks import images as disk_images
from tests.support.metal import repository, site
from tests.support.metal.machine import CANARIES, SERIALS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.metal.site import Site

pytestmark = [pytest.mark.lab, pytest.mark.metal]

BOOT = SERIALS[0]
FSID = "6a1b0c5e-6f0f-4c7e-9b1a-0f8a4b1c2d3e"
OSD = "3f1c8a9e-4b4b-4f0e-8d8d-0d6a5a9b7c11"
LABEL_AT = 10 << 30  # where only one of BlueStore's copies is left
OTHER_DISKS = {"ceph": [], "boot": {"id": "nvme-QEMU_NVMe_Ctrl_BOOT0009", "size_gb": 12, "serial": "BOOT0009"}}


def hashes(practice: Site, *serials: str) -> dict[str, str]:
    """Return what is on disks, as seen from outside the machine."""
    return {serial: disk_images.fingerprint(practice.machine.disk(serial)) for serial in serials or SERIALS}


@pytest.fixture(scope="module")
def before(practice: Site) -> dict[str, str]:
    """Boot the live system of a machine whose boot disk carries an OSD; return what is on its disks."""
    disk_images.write(practice.machine.disk(BOOT), LABEL_AT, disk_images.label(OSD, FSID, 4))
    found = hashes(practice)
    practice.boot_live()
    return found


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, [BOOT, "OSD 4", FSID]),
        ({"arch_install_disk_serial": ""}, [BOOT, "OSD 4"]),
        ({"arch_install_disk_serial": "BOOT0002"}, ["serial number BOOT0001", "confirmed was BOOT0002"]),
        ({"arch_install_board_serial": "BOARD-0002"}, ["BOARD-0001", "wanted BOARD-0002"]),
        ({"arch_install_disks": OTHER_DISKS}, ["BOOT0009", "wanted: a disk", "did you mean"]),
    ],
    ids=["an OSD on it", "no serial confirmed", "another serial", "another board", "a disk that is missing"],
)
def test_another_disk_or_machine_is_refused_and_nothing_is_written(
    practice: Site, before: dict[str, str], changes: dict[str, Any], says: list[str]
) -> None:
    with pytest.raises(RefusedError) as caught:
        practice.install(**changes)
    said = f"{caught.value.message}\n{caught.value.hint}"
    assert [word for word in says if word not in said] == [], said
    assert hashes(practice) == before


def test_a_disk_in_use_is_refused(practice: Site, before: dict[str, str]) -> None:
    in_use = {"id": practice.machine.by_id(CANARIES[0]), "size_gb": 12, "serial": CANARIES[0]}
    practice.run("mount", "-o", "ro,noload", f"/dev/disk/by-id/{in_use['id']}", "/opt")
    with pytest.raises(RefusedError, match="mounted at /opt"):
        practice.install(arch_install_disks={"boot": in_use}, arch_install_disk_serial=CANARIES[0])
    practice.run("umount", "/opt")
    assert hashes(practice) == before


@pytest.mark.parametrize("board", ["BOARD-0001", "BOARD-0002"])
def test_the_disk_guard_tells_another_machine_by_its_board(practice: Site, before: dict[str, str], board: str) -> None:
    with pytest.raises(RefusedError, match=f"{BOOT} .boot. is refused") as caught:  # an OSD is on it, in either case
        practice.play("disk_guard", board_serial=board, storage_ceph_fsid=FSID)
    told = "found the mainboard with serial number BOARD-0001, wanted BOARD-0002" in caught.value.message
    assert told is (board == "BOARD-0002"), caught.value.message
    assert hashes(practice) == before


def test_packages_that_are_not_signed_or_not_there_are_found_out_before_anything_is_erased(practice: Site) -> None:
    # From outside, as nothing inside would: the OSD is gone, what is left is data that the confirmed serial covers.
    disk_images.zero(practice.machine.disk(BOOT), LABEL_AT, 4096)
    disk_images.write(practice.machine.disk(BOOT), LABEL_AT, disk_images.CANARY)
    practice.run("blockdev", "--flushbufs", f"/dev/disk/by-id/{practice.machine.by_id(BOOT)}")
    found = hashes(practice)
    with pytest.raises(RefusedError, match=f"not signed by a key(?s:.*){repository.WITHOUT_SIGNATURE}"):
        practice.install(arch_install_mirror=f"{practice.url}{repository.UNSIGNED}")
    with pytest.raises(RoleFailedError, match="cannot be reached from the machine"):
        practice.install(arch_install_mirror="http://10.77.15.1:9/nowhere")
    assert hashes(practice) == found


@pytest.mark.long
def test_a_system_is_installed_on_that_disk_alone(
    practice: Site, before: dict[str, str], say: Callable[[str], None]
) -> None:
    # What an earlier try may have left in the same live system.
    practice.run("mount", "-t", "tmpfs", "left", "/mnt")
    practice.run("systemd-run", "--unit=blackstart-arch-install", "--working-directory=/mnt", "sleep", "infinity")
    changed = practice.install()
    assert changed[site.NAME] > 0
    assert hashes(practice, *CANARIES) == {serial: before[serial] for serial in CANARIES}
    done = hashes(practice)
    assert practice.install() == {}, "an order that is done is done again"
    assert hashes(practice) == done
    say(practice.run("efibootmgr").out)
    assert practice.run("findmnt", "/mnt", check=False).out == "", "the new system is still mounted"


@pytest.mark.long
def test_it_boots_from_its_own_disk_and_shows_the_pinned_key(practice: Site, before: dict[str, str]) -> None:
    practice.machine.off()
    practice.await_dark()
    practice.boot_disk()
    assert json.loads(practice.run("cat", "/etc/blackstart/installation.json").out) == {
        "id": "0a1b2c",
        "node": site.NAME,
    }
    root = practice.run("findmnt", "--noheadings", "--output", "SOURCE", "/").out.strip()
    serial = practice.run("lsblk", "--nodeps", "--noheadings", "--output", "SERIAL", f"/dev/{parent(practice, root)}")
    assert serial.out.strip() == BOOT
    assert practice.run("cat", "/run/initramfs-preset").out.strip() == "default"
    assert practice.run("hostname").out.strip() == site.NAME
    assert len(practice.run("cat", "/etc/machine-id").out.strip()) == 32
    assert practice.run("systemctl", "is-system-running", "--wait", timeout=300).out.strip() == "running"
    assert practice.run("ip", "-4", "route", "show", "default").out.split()[1:3] == [
        "via",
        str(practice.machine.lan.router),
    ]
    assert "dynamic" not in practice.run("ip", "-4", "address", "show").out
    assert practice.install() == {}, "the running system is the ordered one"
    assert hashes(practice, *CANARIES) == {serial: before[serial] for serial in CANARIES}


def parent(practice: Site, device: str) -> str:
    return practice.run("lsblk", "--noheadings", "--output", "PKNAME", device).out.strip()
