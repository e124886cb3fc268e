"""The role gpu_memory's file, rendered as Ansible does it, and its module that keeps the next start's images right."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

from blackstart.node.gpu import modprobe
from blackstart.node.gpu.units import GIB, PAGE

ROLE = Path(__file__).resolve().parents[2] / "roles/gpu_memory"


# mkinitcpio 41's own preset of the package linux, with the second image switched on.
PRESET = """\
# mkinitcpio preset file for the 'linux' package

#ALL_config="/etc/mkinitcpio.conf"
ALL_kver="/boot/vmlinuz-linux"

PRESETS=('default' 'fallback')

#default_config="/etc/mkinitcpio.conf"
default_image="/boot/initramfs-linux.img"
#default_uki="/efi/EFI/Linux/arch-linux.efi"
#default_options="--splash /usr/share/systemd/bootctl/splash-arch.bmp"

fallback_image='/boot/initramfs-linux-fallback.img'
fallback_options="-S autodetect"
"""


@pytest.mark.parametrize(("gtt", "pool"), [(16, 0), (16, 8), (43, 43)])
def test_the_file_has_pages(gtt: int, pool: int) -> None:
    text = (ROLE / "templates/blackstart-ttm.conf.j2").read_text()
    values = {"gpu_memory_gtt_gib": gtt, "gpu_memory_page_pool_gib": pool}
    comment, options = Templar(DataLoader(), values).template(trust_as_template(text)).splitlines()
    assert comment.startswith("# ")
    tail = f" page_pool_size={pool * GIB // PAGE}" if pool else ""
    assert options == f"options ttm pages_limit={gtt * GIB // PAGE}{tail}"


def test_images_are_those_of_the_presets_in_use() -> None:
    both = ["/boot/initramfs-linux.img", "/boot/initramfs-linux-fallback.img"]
    assert modprobe.images(PRESET) == both
    assert modprobe.images(PRESET.replace("('default' 'fallback')", "('default')")) == both[:1]
    uki = PRESET.replace("default_image=", "#default_image=").replace("#default_uki", "default_uki")
    assert modprobe.images(uki) == ["/efi/EFI/Linux/arch-linux.efi", both[1]]
    assert modprobe.images("") == []


@pytest.mark.parametrize(
    ("before", "wanted", "stale", "steps"),
    [
        (None, "new", False, ["write", "regenerate"]),
        ("old", "new", False, ["write", "regenerate"]),
        ("new", "new", False, []),
        # Cut off between writing and making the images.
        ("new", "new", True, ["regenerate"]),
        (None, "", False, []),
        (None, "", True, []),
        ("old", "", False, ["empty", "regenerate", "remove"]),
        # Cut off after each of these.
        (modprobe.EMPTY, "", True, ["regenerate", "remove"]),
        (modprobe.EMPTY, "", False, ["remove"]),
        (modprobe.EMPTY, "new", False, ["write", "regenerate"]),
    ],
)
def test_it_may_be_cut_off_anywhere(before: str | None, wanted: str, *, stale: bool, steps: list[str]) -> None:
    assert modprobe.steps(before, wanted, stale=stale) == steps


def test_what_is_emptied_sets_nothing() -> None:
    assert all(line.startswith("#") for line in modprobe.EMPTY.splitlines())


def test_only_images_that_are_there_can_be_old(tmp_path: Path) -> None:
    preset = PRESET.replace("/boot/", f"{tmp_path}/")
    (tmp_path / "linux.preset").write_text(preset)
    assert list(modprobe.existing(tmp_path)) == []
    (tmp_path / "initramfs-linux.img").touch()
    assert list(modprobe.existing(tmp_path)) == [tmp_path / "initramfs-linux.img"]


def test_a_file_is_replaced_whole_and_readable_by_all(tmp_path: Path) -> None:
    path = tmp_path / "modprobe.d" / "blackstart-ttm.conf"
    old = os.umask(0o077)
    try:
        modprobe.replace(path, "options ttm pages_limit=1\n")
    finally:
        os.umask(old)
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("options ttm pages_limit=1\n", 0o644)
    assert list(path.parent.iterdir()) == [path]
