"""The AMD GPU of this node and its memory: firmware's share, the kernel's limit, and who sets what.

Everything is read below a root, so that a recorded machine can be looked at as well. Names of sysfs files are of
https://docs.kernel.org/gpu/amdgpu/driver-misc.html.
"""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

AMD = "0x1002"  # PCI vendor
SETTINGS = "/etc/modprobe.d"
CMDLINE = "/proc/cmdline"
_MODPROBE = (SETTINGS, "/run/modprobe.d", "/usr/lib/modprobe.d")
# amdttm is the module of AMD's own driver package; the kernel's driver has ttm.
_SETS_MEMORY = re.compile(r"(ttm|amdttm)\.(pages_limit|page_pool_size)|amdgpu\.gttsize")
_MEMORY_DEVICE, _END = 17, 127  # kinds of SMBIOS structures (DMTF DSP0134, 7.18 and 7.45)


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Look: request {"root": folder}."""
    return read(request["root"])


def read(root: str = "") -> dict[str, Any]:
    """Return the fields of GpuFacts (units.py), sizes in bytes; empty when there is no AMD GPU."""
    card = _card(root)
    if card is None:
        return {}
    version, heap = _topology(root)
    return {
        "card": card.name,
        **{f"{name}_bytes": _number(card / f"device/mem_info_{name}_total") for name in ("vram", "gtt")},
        "pages_limit": _number(_at(root, "/sys/module/ttm/parameters/pages_limit")),
        "page_pool_size": _number(_at(root, "/sys/module/ttm/parameters/page_pool_size")),
        "target_version": version,
        "kfd_bytes": heap,
        "memory_bytes": _field(_at(root, "/proc/meminfo"), "MemTotal:") * 1024,
        "dimm_bytes": dimm_bytes(_bytes(_at(root, "/sys/firmware/dmi/tables/DMI"))),
        "devices": _devices(root),
        "settings": _settings(root),
        "settings_changed": _changed(_at(root, SETTINGS)),
        "booted": _field(_at(root, "/proc/stat"), "btime"),
    }


def _at(root: str, path: str) -> Path:
    return Path(root + path)


def _card(root: str) -> Path | None:
    """Return the AMD card with memory to show; which number it has differs: simpledrm may have taken card0 first."""
    cards = [path for path in _at(root, "/sys/class/drm").glob("card*") if path.name[4:].isdecimal()]
    ours = [path for path in cards if _text(path / "device/vendor") == AMD]
    return min(
        ours, key=lambda path: (not (path / "device/mem_info_vram_total").exists(), int(path.name[4:])), default=None
    )


def _topology(root: str) -> tuple[int, int]:
    """Return gfx_target_version and bytes of the GPU's memory banks as KFD shows them; zeros when it shows none."""
    for node in sorted(_at(root, "/sys/class/kfd/kfd/topology/nodes").glob("*")):
        version = _field(node / "properties", "gfx_target_version")
        if version:
            return version, sum(_field(bank, "size_in_bytes") for bank in node.glob("mem_banks/*/properties"))
    return 0, 0


def _devices(root: str) -> list[list[str]]:
    """Return [path, mode, group] of what programs open to compute or draw."""
    names = {number: name for name, number in groups(_text(_at(root, "/etc/group"))).items()}
    found = []
    for path in [_at(root, "/dev/kfd"), *sorted(_at(root, "/dev/dri").glob("renderD*"))]:
        try:
            seen = path.stat()
        except OSError:
            continue
        mode = f"{stat.S_IMODE(seen.st_mode):o}"
        found.append([str(path)[len(root) :], mode, names.get(seen.st_gid, str(seen.st_gid))])
    return found


def groups(text: str) -> dict[str, int]:
    """Return the numbers of groups by name (group(5))."""
    rows = [line.split(":") for line in text.splitlines()]
    return {row[0]: int(row[2]) for row in rows if len(row) > 2 and row[2].isdecimal()}  # noqa: PLR2004 - NAME:x:GID


def _settings(root: str) -> list[list[str]]:
    """Return [file, parameter, value] of everything that sets GPU memory, in the order in which modprobe takes it."""
    found = []
    # A file of a folder hides those of the same name in later ones (modprobe.d(5)).
    files = {path.name: path for folder in reversed(_MODPROBE) for path in _at(root, folder).glob("*.conf")}
    for _, path in sorted(files.items()):
        for words in (line.split() for line in _text(path).splitlines()):
            if words[:1] == ["options"] and words[1:]:
                found += [
                    [str(path)[len(root) :], *pair] for pair in _pairs(f"{words[1]}.{word}" for word in words[2:])
                ]
    return found + [[CMDLINE, *pair] for pair in _pairs(_text(_at(root, CMDLINE)).split())]


def _pairs(words: Iterable[str]) -> list[list[str]]:
    """Return [parameter, value] of words that set GPU memory; the kernel takes - for _ (kernel/params.c)."""
    split = [word.partition("=") for word in words]
    named = [(name.replace("-", "_"), value) for name, _, value in split]
    return [[name, value] for name, value in named if _SETS_MEMORY.fullmatch(name)]


def dimm_bytes(table: bytes) -> int:
    """Return the sum of the memory modules in an SMBIOS table, as `dmidecode -t 17` shows them; 0 when it has none."""
    total, at = 0, 0
    while at + 4 <= len(table) and table[at] != _END:
        length = table[at + 1]
        if table[at] == _MEMORY_DEVICE:
            total += _module_bytes(table[at : at + length])
        strings = table.find(b"\0\0", at + length)
        if length < 4 or strings < 0:  # noqa: PLR2004 - the header's own four bytes
            break
        at = strings + 2
    return total


def _module_bytes(device: bytes) -> int:
    size = int.from_bytes(device[0x0C:0x0E], "little")
    if size == 0xFFFF:  # unknown  # noqa: PLR2004 - DSP0134, 7.18
        return 0
    if size == 0x7FFF:  # too large for this field: see the extended size  # noqa: PLR2004 - DSP0134, 7.18.5
        return (int.from_bytes(device[0x1C:0x20], "little") & 0x7FFFFFFF) << 20
    return (size & 0x7FFF) << 10 if size & 0x8000 else size << 20


def _field(path: Path, name: str) -> int:
    """Return the number behind a name at the beginning of a line; 0 when there is none."""
    for words in (line.split() for line in _text(path).splitlines()):
        if words[:1] == [name] and words[1:]:
            return int(words[1]) if words[1].isdecimal() else 0
    return 0


def _number(path: Path) -> int:
    text = _text(path)
    return int(text) if text.isdecimal() else 0


def _changed(folder: Path) -> float:
    """Return when a file in a folder was written, renamed into place or removed, in seconds since the epoch."""
    try:
        return max(path.stat().st_mtime for path in [folder, *folder.glob("blackstart-*.conf")])
    except OSError:
        return 0.0


def _text(path: Path) -> str:
    return _bytes(path).decode(errors="replace").strip()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # not there, or a driver that does not answer
        return b""
