"""What is said of GPU memory: on constructed machines (tests/machines/gpu), each edited in one field."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from blackstart.node import board
from blackstart.node.gpu import judge, sysfs, units
from blackstart.node.gpu.units import RESTART, GpuFacts, Setting, Verdict, Wanted
from tests.support.machines import grow, smbios

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
MACHINES = ROOT / "tests/machines/gpu"
HOMELAB = Wanted(ram_gib=96, carve_out_gib=48, target="gfx1150")
GIB = 1 << 30
DMIDECODE = shutil.which("dmidecode", path="/usr/sbin:/usr/bin:/sbin:/bin")
OURS = "etc/modprobe.d/blackstart-ttm.conf"
KFD = "sys/class/kfd/kfd/topology/nodes/1/"
CARD = "sys/class/drm/card1/device/"


@pytest.fixture
def look(tmp_path: Path) -> Callable[..., GpuFacts | None]:
    """Return what grows a machine, changed by `files` and other fields, and looks at it."""

    def see(name: str, files: dict[str, str] | None = None, **changes: Any) -> GpuFacts | None:
        grown = json.loads((MACHINES / f"{name}.json").read_text())
        grown |= {"files": grown["files"] | (files or {}), **changes}
        return GpuFacts.of(sysfs.read(str(grow(grown, tmp_path))))

    return see


@pytest.fixture
def right(look: Callable[..., GpuFacts | None]) -> GpuFacts:
    """Return the machine that nothing is wrong with."""
    seen = look("right")
    assert seen is not None
    return seen


def abouts(wanted: Wanted, seen: GpuFacts | None) -> list[str]:
    return [verdict.about for verdict in judge.verdicts(wanted, seen)]


def only(wanted: Wanted, seen: GpuFacts | None) -> Verdict:
    (verdict,) = judge.verdicts(wanted, seen)
    return verdict


@pytest.mark.parametrize("path", sorted(MACHINES.glob("*.json")), ids=lambda path: path.stem)
def test_each_machine_says_what_it_is(path: Path) -> None:
    document = json.loads(path.read_text())
    assert all(document[key].endswith(".") for key in ("is", "recorded", "constructed"))


def test_the_right_machine(right: GpuFacts) -> None:
    assert judge.verdicts(HOMELAB, right) == []
    assert str(right) == "48 GiB of VRAM, 23.2 GiB of GTT (card1, gfx1150)"
    assert (right.dimm_bytes, right.memory_bytes, right.kfd_bytes) == (96 * GIB, 48_600_000 << 10, 48 * GIB)
    assert (right.pages_limit, right.booted) == (6075000, 1795515000)
    assert [(device.path, device.mode, device.group) for device in right.devices] == [
        ("/dev/kfd", "666", "render"),
        ("/dev/dri/renderD128", "666", "render"),
    ]


def test_a_reset_firmware_is_one_trouble_and_names_the_setting(look: Callable[..., GpuFacts | None]) -> None:
    verdict = only(HOMELAB, look("uma_reset"))
    assert verdict.cure == units.FIRMWARE
    assert "536870912 bytes" in verdict.found
    assert "51539607552 bytes" in verdict.wanted
    assert "UMA Frame Buffer Size to 48G" in verdict.todo


def test_a_gtt_that_is_not_smaller_is_the_trap_and_names_who_set_it(look: Callable[..., GpuFacts | None]) -> None:
    verdict = only(HOMELAB, look("gtt_larger_than_vram"))
    assert verdict.found == "GTT is 64 GiB, VRAM 48 GiB, and ROCm is shown 64 GiB"
    assert "ttm.pages_limit=16777216 in /proc/cmdline" in verdict.todo
    equal = look("gtt_larger_than_vram", {f"{CARD}mem_info_gtt_total": "51539607552\n"})
    assert abouts(HOMELAB, equal) == ["gtt"]
    less = look("gtt_larger_than_vram", {f"{CARD}mem_info_gtt_total": "51539603456\n"})
    assert abouts(HOMELAB, less) == []


def test_a_gtt_by_the_kernel_s_own_default_is_told_as_that(right: GpuFacts) -> None:
    verdict = only(HOMELAB, replace(right, gtt_bytes=49 * GIB))
    assert "set gpu_gtt_gib" in verdict.todo


def test_the_card_is_found_by_its_vendor(look: Callable[..., GpuFacts | None]) -> None:
    seen = look("second_card")
    assert seen is not None
    assert seen.card == "card2"
    assert judge.verdicts(HOMELAB, seen) == []


def test_of_two_cards_the_one_that_shows_memory_counts(look: Callable[..., GpuFacts | None]) -> None:
    seen = look("second_card", {"sys/class/drm/card1/device/vendor": "0x1002\n"})
    assert seen is not None
    assert seen.card == "card2"


def test_no_gpu_matters_only_where_one_is_wanted(look: Callable[..., GpuFacts | None]) -> None:
    seen = look("no_gpu")
    assert seen is None
    assert only(HOMELAB, seen).cure == units.HARDWARE
    assert judge.verdicts(Wanted(ram_gib=96), seen) == []


def test_a_practice_node_says_nothing_of_the_gpu_of_its_host(look: Callable[..., GpuFacts | None]) -> None:
    assert judge.verdicts(Wanted(ram_gib=96), look("gtt_larger_than_vram")) == []


def test_amdttm_is_named_as_doing_nothing_however_it_is_spelled(look: Callable[..., GpuFacts | None]) -> None:
    said = judge.verdicts(HOMELAB, look("amdttm_on_the_command_line"))
    assert [verdict.found for verdict in said] == [
        "/proc/cmdline gives amdttm.pages_limit=4194304",
        "/proc/cmdline gives amdttm.page_pool_size=4194304",
    ]
    assert all("does nothing" in verdict.todo and "boot entry" in verdict.todo for verdict in said)


@pytest.mark.parametrize(("value", "told"), [("24576", ["setting"]), ("-1", [])])
def test_gttsize_is_given_up_and_minus_one_is_its_default(
    look: Callable[..., GpuFacts | None], value: str, told: list[str]
) -> None:
    assert abouts(HOMELAB, look("right", {"proc/cmdline": f"rw amdgpu.gttsize={value}\n"})) == told


def test_another_file_s_limit_competes_with_ours(look: Callable[..., GpuFacts | None]) -> None:
    theirs = {"etc/modprobe.d/ttm.conf": "options ttm pages_limit=8388608\n"}
    verdict = only(replace(HOMELAB, gtt_gib=16), look("restart_due", theirs))
    assert verdict.found == "/etc/modprobe.d/ttm.conf gives ttm.pages_limit=8388608"
    assert "Take it out of /etc/modprobe.d/ttm.conf" in verdict.todo


def test_a_restart_is_due_until_there_was_one(look: Callable[..., GpuFacts | None]) -> None:
    before = look("restart_due")
    assert before is not None
    verdict = only(replace(HOMELAB, gtt_gib=16), before)
    assert verdict.cure == RESTART
    assert "ttm.pages_limit is 6075000 (23.2 GiB)" in judge.restart_due(before)
    assert "says 4194304" in judge.restart_due(before)
    after = replace(before, pages_limit=4194304, page_pool_size=2097152, booted=before.settings_changed + 60)
    assert judge.restart_due(after) == ""
    assert judge.verdicts(HOMELAB, after) == []


def test_a_restart_that_changed_nothing_is_not_asked_for_again(look: Callable[..., GpuFacts | None]) -> None:
    before = look("restart_due")
    assert before is not None
    stale = replace(before, booted=before.settings_changed + 60)
    assert judge.restart_due(stale) == ""
    verdict = only(HOMELAB, stale)
    assert verdict.cure != RESTART
    assert "mkinitcpio -P" in verdict.todo


def test_a_restart_is_not_the_cure_where_the_command_line_wins(look: Callable[..., GpuFacts | None]) -> None:
    seen = look("restart_due", {"proc/cmdline": "rw ttm.pages_limit=6075000\n"})
    assert seen is not None
    assert judge.restart_due(seen) == ""
    assert "setting" in abouts(replace(HOMELAB, gtt_gib=16), seen)


def test_a_limit_that_nothing_sets_any_more_is_gone_with_a_restart(right: GpuFacts) -> None:
    removed = replace(right, pages_limit=4194304, settings_changed=right.booted + 60)
    assert "nothing sets it any more" in judge.restart_due(removed)
    assert judge.restart_due(replace(removed, settings_changed=right.booted - 60)) == ""
    # The kernel counts memory a little earlier than /proc/meminfo does.
    assert judge.restart_due(replace(removed, pages_limit=int(right.pages_limit * 1.01))) == ""


@pytest.mark.parametrize(
    ("kib", "told"),
    # 96 GiB of modules less 48 GiB leave 50331648 kB, of which 0.5 to 4 GiB may be missing.
    [(49_807_360, []), (49_807_361, ["memory"]), (46_137_344, []), (46_137_343, ["memory"])],
)
def test_every_gib_is_accounted_for(right: GpuFacts, kib: int, told: list[str]) -> None:
    assert abouts(HOMELAB, replace(right, memory_bytes=kib << 10)) == told


def test_a_missing_module_is_told_instead_of_a_wrong_sum(look: Callable[..., GpuFacts | None]) -> None:
    whole: str = json.loads((MACHINES / "right.json").read_text())["dmidecode"]
    before, _, last = whole.rpartition("24 GB")
    verdict = only(HOMELAB, look("right", dmidecode=f"{before}No Module Installed{last}"))
    assert verdict.found == "the memory modules hold 72 GiB"
    board = whole[: whole.index("\nMemory Device")]
    assert abouts(HOMELAB, look("right", dmidecode=board)) == []  # a firmware that does not say


def modules(*sizes: str) -> str:
    """Return what dmidecode prints of memory modules."""
    form = "Memory Device\n\tSize: {}\n\tForm Factor: SODIMM\n\tLocator: DIMM {}\n"
    return "\n".join(form.format(size, number) for number, size in enumerate(sizes))


@pytest.mark.parametrize(
    ("said", "serial"),
    [
        ("B9241A00001", "B9241A00001"),
        ("Default string", ""),
        ("To be filled by O.E.M.", ""),
        ("0000000", ""),
        ("Not Specified", ""),
    ],
)
def test_a_board_s_serial_is_a_number_and_no_excuse(
    look: Callable[..., GpuFacts | None], tmp_path: Path, said: str, serial: str
) -> None:
    text: str = json.loads((MACHINES / "right.json").read_text())["dmidecode"]
    start, end = text.index("Serial Number: "), text.index("\n\n")
    look("right", dmidecode=f"{text[:start]}Serial Number: {said}{text[end:]}")
    assert board.serial(tmp_path) == serial


def test_modules_are_read_in_every_spelling_of_their_size() -> None:
    assert sysfs.dimm_bytes(smbios(modules("48 GB", "48 GB", "No Module Installed"))) == 96 * GIB
    assert sysfs.dimm_bytes(smbios(modules(*["24 GB"] * 4))) == 96 * GIB
    assert sysfs.dimm_bytes(smbios(modules("512 MB"))) == 512 << 20
    assert sysfs.dimm_bytes(smbios(modules("512 kB"))) == 512 << 10
    assert sysfs.dimm_bytes(smbios(modules("Unknown"))) == 0


def test_a_damaged_table_ends_the_sum() -> None:
    whole = smbios(modules("24 GB", "24 GB"))
    for cut in range(len(whole)):
        assert sysfs.dimm_bytes(whole[:cut]) in {0, 24 * GIB, 48 * GIB}
    assert sysfs.dimm_bytes(b"\x11\x00\x00\x00" * 8) == 0  # a length of nothing leads nowhere


def test_another_architecture(look: Callable[..., GpuFacts | None]) -> None:
    seen = look("right", {f"{KFD}properties": "gfx_target_version 110501\n"})
    assert only(HOMELAB, seen).found == "the GPU is gfx1151"
    assert abouts(replace(HOMELAB, target=""), seen) == []


def test_missing_devices_are_named(look: Callable[..., GpuFacts | None]) -> None:
    said = [verdict.found for verdict in judge.verdicts(HOMELAB, look("right", devices={}))]
    assert said == ["there is no /dev/kfd", "there is no /dev/dri/renderD*"]


@pytest.mark.parametrize(
    ("mode", "group", "told"), [("660", "render", []), ("660", "989", ["devices"]), ("666", "989", [])]
)
def test_who_may_open_it(look: Callable[..., GpuFacts | None], mode: str, group: str, told: list[str]) -> None:
    devices = {"dev/kfd": mode, "dev/dri/renderD128": "666"}
    assert abouts(HOMELAB, look("right", devices=devices, group=group)) == told


def test_a_driver_that_does_not_answer_shows_nothing(look: Callable[..., GpuFacts | None], tmp_path: Path) -> None:
    look("right")
    (tmp_path / CARD / "mem_info_gtt_total").unlink()
    (tmp_path / CARD / "mem_info_vram_total").write_text("what\n")
    seen = GpuFacts.of(sysfs.read(str(tmp_path)))
    assert seen is not None
    assert (seen.gtt_bytes, seen.vram_bytes) == (0, 0)
    assert abouts(HOMELAB, seen)[0] == "vram"


def test_a_file_hides_its_namesake_of_a_later_folder(look: Callable[..., GpuFacts | None]) -> None:
    same = {
        "usr/lib/modprobe.d/gpu.conf": "options ttm pages_limit=1\n",
        "etc/modprobe.d/gpu.conf": "# nothing\noptions\noptions amdgpu dc=1 gttsize=-1\n",
    }
    seen = look("right", same)
    assert seen is not None
    assert seen.settings == (Setting("/etc/modprobe.d/gpu.conf", "amdgpu.gttsize", "-1"),)


def test_this_machine_can_be_looked_at() -> None:
    seen = sysfs.main({"root": ""})
    assert seen == {} or seen["memory_bytes"] > 0
