"""The live system's files, out of a real ISO; and the volume for a stick, read back with mtools."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from blackstart.engine import process
from blackstart.errors import InputError
from blackstart.metal import files, live_seed
from blackstart.metal.installers import media
from tests.support.metal import orders

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster


def test_missing_files_are_named_with_the_way_to_get_them(tmp_path: Path) -> None:
    live = orders.live_files(tmp_path / "netboot")
    (live / "boot" / "initrd.img").unlink()
    with pytest.raises(InputError, match=r"boot/initrd.img missing") as caught:
        files.served(orders.cluster(live))
    assert "netboot --fetch" in caught.value.hint


@pytest.fixture
def iso(tmp_path: Path) -> Path:
    """Return an ISO with a live system in arch/, and something beside it that a boot does not need."""
    if not shutil.which("bsdtar"):
        pytest.skip("bsdtar is not installed")
    orders.live_files(tmp_path / "iso" / "arch")
    (tmp_path / "iso" / "EFI").mkdir()
    (tmp_path / "iso" / "EFI" / "BOOTx64.EFI").write_text("")
    made = tmp_path / "arch.iso"
    process.run(["bsdtar", "--format=iso9660", "-cf", made, "-C", tmp_path / "iso", "arch", "EFI"])
    return made


def cluster_of(iso: Path, sha256: str) -> tuple[Path, Cluster]:
    live = iso.parent / "bundle" / "netboot"
    desired = orders.cluster(live, iso_sha256=sha256)
    netboot = desired.netboot.model_copy(update={"kernel": "arch/boot/vmlinuz", "initrds": ("arch/boot/initrd.img",)})
    return live, desired.model_copy(update={"netboot": netboot})


def test_the_live_system_comes_out_of_the_pinned_iso_and_no_other(iso: Path) -> None:
    said: list[str] = []
    right = hashlib.sha256(iso.read_bytes()).hexdigest()
    live, desired = cluster_of(iso, right)
    files.unpack(desired, iso, said.append)
    assert sorted(files.served(desired)) == ["arch/boot/initrd.img", "arch/boot/vmlinuz"]
    before = (live / "arch/boot/vmlinuz").stat().st_ino
    _, other = cluster_of(iso, "0" * 64)
    with pytest.raises(InputError, match=r"has SHA-256 .*, wanted 0000"):
        files.unpack(other, iso, said.append)
    assert (live / "arch/boot/vmlinuz").stat().st_ino == before, "a wrong ISO replaced what was there"
    with pytest.raises(InputError, match="is of the ISO with SHA-256"):
        files.served(other)


@pytest.mark.parametrize("pin", ["", "CHANGE-ME", "abc"])
def test_an_iso_without_a_checksum_is_not_taken(iso: Path, pin: str) -> None:
    _, desired = cluster_of(iso, pin)
    with pytest.raises(InputError, match="wanted the SHA-256 of") as caught:
        files.unpack(desired, iso, print)
    assert "sha256sums.txt" in caught.value.hint


def test_a_volume_for_a_stick_holds_the_seed(tmp_path: Path) -> None:
    if not (shutil.which("mcopy") and shutil.which("mkfs.vfat", path="/usr/sbin:/usr/bin")):
        pytest.skip("dosfstools or mtools are not installed")
    desired = orders.cluster(tmp_path)
    order, told = orders.told(desired, tmp_path)
    image = tmp_path / "seed.img"
    media.write(image, desired, order, told)
    assert image.stat().st_mode & 0o777 == 0o600
    assert process.run(["blkid", "-p", "-o", "value", "-s", "LABEL", image]).stdout.strip() == "CIDATA"
    for name, text in live_seed.seed(desired, order, told).items():
        assert process.run(["mcopy", "-i", image, f"::{name}", "-"]).stdout == text
    before = image.read_bytes()
    with pytest.raises(InputError, match="File exists"):
        media.write(image, desired, order, told)
    assert image.read_bytes() == before
    with pytest.raises(InputError, match="File exists") as caught:
        media.write(Path("/dev/null"), desired, order, told)
    assert "writes no device" in caught.value.hint
    assert any(f"dd if={image}" in line for line in media.instructions(image, desired, order))
