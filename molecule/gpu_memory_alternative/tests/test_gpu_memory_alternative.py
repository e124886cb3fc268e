"""Limits, images of the next start and groups as asked for; and what a machine with a GPU has to say.

The last two tests leave the node with another limit, and with none.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from blackstart.engine import process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import Refused
    from testinfra.host import Host

FILE = "/etc/modprobe.d/blackstart-ttm.conf"
IMAGE = "/boot/initramfs-linux.img"
LOG = "/var/log/mkinitcpio.log"
OPTIONS = "options ttm pages_limit=4194304 page_pool_size=2097152"
SCENARIO = Path(__file__).parents[1]


@pytest.fixture
def converge(tmp_path: Path) -> Callable[..., str]:
    """Return what runs the role once more with other variables, and returns what Ansible prints when it succeeds."""

    def run(**variables: object) -> str:
        folder = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
        (tmp_path / "more.json").write_text(json.dumps(variables))
        words = [
            "--inventory",
            folder / "cluster",
            "--limit",
            "melchior-1",
            "--extra-vars",
            f"@{SCENARIO / 'vars.yml'}",
        ]
        words += ["--extra-vars", f"@{tmp_path / 'more.json'}", SCENARIO.parents[1] / "playbooks/gpu_memory.yml"]
        done = process.run([Path(sys.executable).with_name("ansible-playbook"), *words], check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture
def times(host: Host) -> Callable[[], int]:
    """Return what counts how often images were made."""
    return lambda: len(host.file(LOG).content_string.splitlines())


def test_the_limit_is_set_in_pages(host: Host) -> None:
    file = host.file(FILE)
    assert file.content_string.splitlines()[1:] == [OPTIONS]
    assert (file.user, file.group, file.mode) == ("root", "root", 0o644)


def test_the_next_start_knows_it_and_images_were_made_for_all_presets(host: Host) -> None:
    assert OPTIONS in host.file(IMAGE).content_string
    assert set(host.file(LOG).content_string.splitlines()) == {"-P"}


def test_groups_have_their_numbers(host: Host) -> None:
    assert host.group("render").gid == 880
    assert host.group("video").gid == 881


def test_the_trap_is_refused_and_the_file_untouched(host: Host, refused: Refused, times: Callable[[], int]) -> None:
    before, made = host.file(FILE).mtime, times()
    refused("gpu_memory", "apu_prefer_gtt", gpu_memory_gtt_gib=48)
    assert (host.file(FILE).mtime, times()) == (before, made)
    assert OPTIONS in host.file(FILE).content_string


def test_a_reset_firmware_is_refused_where_that_is_asked_for(refused: Refused) -> None:
    refused("gpu_memory", "set UMA Frame Buffer Size to 48G", gpu_memory_root="/srv/uma_reset")


def test_else_it_is_a_warning(converge: Callable[..., str]) -> None:
    said = " ".join(converge(gpu_memory_root="/srv/uma_reset", gpu_memory_strict=False).split())
    assert (
        "[WARNING]: melchior-1: firmware gives the GPU 0.5 GiB (536870912 bytes); wanted: 48 GiB (51539607552 bytes)"
        in said
    )


def test_a_restart_is_told_and_refused_by_nobody(converge: Callable[..., str]) -> None:
    said = " ".join(converge(gpu_memory_root="/srv/restart_due").split())
    assert "[WARNING]: melchior-1: ttm.pages_limit is 6075000 (23.2 GiB)" in said
    assert "Restart the machine" in said


@pytest.fixture
def no_room(host: Host) -> Iterator[Callable[[], object]]:
    """Have mkinitcpio fail; hand out what mends it."""
    host.check_output("touch /run/mkinitcpio-fails")
    yield lambda: host.check_output("rm /run/mkinitcpio-fails")
    host.check_output("rm -f /run/mkinitcpio-fails")


def test_images_that_could_not_be_made_are_made_by_the_next_run(
    host: Host, refused: Refused, converge: Callable[..., str], no_room: Callable[[], object]
) -> None:
    refused("gpu_memory", "No space left on /boot", gpu_memory_gtt_gib=20)
    assert "pages_limit=5242880" in host.file(FILE).content_string
    assert "pages_limit=5242880" not in host.file(IMAGE).content_string
    no_room()
    converge(gpu_memory_gtt_gib=20)
    assert "pages_limit=5242880" in host.file(IMAGE).content_string


def test_it_is_undone_in_images_as_well(host: Host, converge: Callable[..., str], times: Callable[[], int]) -> None:
    made = times()
    converge(gpu_memory_gtt_gib=0, gpu_memory_page_pool_gib=0)
    assert not host.file(FILE).exists
    assert "options ttm" not in host.file(IMAGE).content_string
    assert times() == made + 1
