"""Trouble that must be found while the nodes are still empty, and must leave them so."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from blackstart import paths
from tests.support.lab.harness import Lab, blackstart

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.lab


@pytest.fixture(autouse=True)
def _untouched(lab: Lab) -> Iterator[None]:
    """After each trouble: no node has a package, a receipt or a cluster."""
    yield
    for node in ("melchior-1", "balthasar-2", "casper-3"):
        assert lab.ssh(node, "pacman -Q containerd 2>/dev/null; ls /var/lib/blackstart 2>/dev/null; true") == ""


@pytest.fixture
def known_hosts() -> Iterator[Path]:
    """Return the pinned host keys; they are put back afterwards."""
    file = paths.state("lab") / "known_hosts"
    before = file.read_bytes()
    yield file
    file.write_bytes(before)


def test_another_host_key_is_refused_with_both_fingerprints(lab: Lab, known_hosts: Path) -> None:
    lines = known_hosts.read_text().splitlines()
    swapped = [line.replace("10.77.13.15 ", "10.77.13.99 ").replace("10.77.13.14 ", "10.77.13.15 ") for line in lines]
    known_hosts.write_text("\n".join(swapped) + "\n")
    done = lab.up()
    assert done.returncode == 4
    assert "casper-3" in done.stderr
    assert done.stderr.count("SHA256:") >= 2


def test_a_node_without_a_pinned_key_is_refused(lab: Lab, known_hosts: Path) -> None:
    known_hosts.write_text("".join(line for line in known_hosts.open() if "10.77.13.15 " not in line))
    done = lab.up()
    assert done.returncode == 4
    assert "casper-3" in done.stderr


def test_a_refused_key_is_named(lab: Lab) -> None:
    lab.ssh("casper-3", "mv /root/.ssh/authorized_keys /root/.ssh/away")
    try:
        done = lab.up()
    finally:
        from blackstart.lab import machines  # noqa: PLC0415 - the way in without ssh

        machines.execute("casper-3", ["mv", "/root/.ssh/away", "/root/.ssh/authorized_keys"])
    assert done.returncode == 4
    assert "casper-3" in done.stderr
    assert "key" in done.stderr


def test_a_node_that_is_off_is_named(lab: Lab) -> None:
    from blackstart.lab import machines  # noqa: PLC0415 - the lab's power button

    machines.power_off("casper-3")
    try:
        done = lab.up()
    finally:
        machines.power_on("casper-3")
    assert done.returncode == 4
    assert "casper-3" in done.stderr
    assert "melchior-1" not in done.stderr


@pytest.mark.parametrize("damage", ["missing", "altered"])
def test_a_damaged_bundle_is_found_before_anything_is_touched(
    lab: Lab, overlay: Path, tmp_path: Path, damage: str
) -> None:
    bundle = tmp_path / "bundle"
    shutil.copytree(paths.cache() / "bundles" / "lab", bundle, copy_function=lambda a, b: Path(b).hardlink_to(a))
    file = next(bundle.glob("charts/*.tgz"))
    content = bytearray(file.read_bytes())
    file.unlink()
    if damage == "altered":
        content[100] ^= 1
        file.write_bytes(content)
    (overlay / "group_vars" / "all" / "bundle.yml").write_text(f"bundle_path: {bundle}\n")
    done = blackstart("-i", str(overlay), "up")
    assert done.returncode == 2
    assert file.name in done.stderr


def test_a_half_written_inventory_is_named_by_file(lab: Lab, overlay: Path) -> None:
    (overlay / "group_vars" / "all" / "network.yml").write_text("network_pods: 10.44.0.0/16\nnetwork_services: [10.4")
    done = blackstart("-i", str(overlay), "up")
    assert done.returncode == 2
    assert "network.yml" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unreadable_inventory_is_bad_input(tmp_path: Path) -> None:
    done = blackstart("-i", str(tmp_path / "nowhere"), "up")
    assert done.returncode == 2
    assert "nowhere" in done.stderr
