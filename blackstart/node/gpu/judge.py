"""What a machine's own figures say about its GPU's memory, each with what to do. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .units import FIRMWARE, GIB, HARDWARE, PAGE, RESTART, SETTINGS, Verdict, architecture, bytes_of, spell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .units import GpuFacts, Wanted

OURS = "/etc/modprobe.d/blackstart-ttm.conf"
# What modules, less VRAM, less MemTotal may leave: firmware's and the kernel's own share.
RESERVED = (GIB // 2, 4 * GIB)  # bytes
OPEN_TO_ALL = 0o006  # of a mode: anyone may read and write


def verdicts(wanted: Wanted, seen: GpuFacts | None) -> list[Verdict]:
    """Return what is wrong with a machine; nothing where the inventory neither has a carve-out nor asks for GTT."""
    if not wanted.carve_out_gib and not wanted.gtt_gib:
        return []
    if seen is None:
        todo = (
            "Is it off in the firmware, or its driver missing? `lspci -d 1002:` and `journalctl -k -g amdgpu` show it"
        )
        return [Verdict("card", HARDWARE, "no AMD GPU shows below /sys/class/drm", "one", todo)]
    rules = (_carve_out, _trap, _strangers, _pending, _memory, _target, _devices)
    return [verdict for rule in rules for verdict in rule(wanted, seen)]


def _carve_out(wanted: Wanted, seen: GpuFacts) -> Iterator[Verdict]:
    if not wanted.carve_out_gib or seen.vram_bytes == bytes_of(wanted.carve_out_gib):
        return
    yield Verdict(
        "vram",
        FIRMWARE,
        f"firmware gives the GPU {spell(seen.vram_bytes)} ({seen.vram_bytes} bytes)",
        f"{wanted.carve_out_gib} GiB ({bytes_of(wanted.carve_out_gib)} bytes)",
        "Firmware was reset or updated: in its setup set UMA Frame Buffer Size to "
        f"{wanted.carve_out_gib}G (with UMA Mode on UMA_SPECIFIED; often below Advanced, AMD CBS, NBIO, GFX "
        "Configuration), and restart. Linux cannot set it",
    )


def _trap(wanted: Wanted, seen: GpuFacts) -> Iterator[Verdict]:
    """Yield a GTT that is not smaller than VRAM, unless the right carve-out would mend it (amdgpu_ttm.c)."""
    if not wanted.carve_out_gib or seen.gtt_bytes < max(seen.vram_bytes, bytes_of(wanted.carve_out_gib)):
        return
    sources = ", ".join(f"{one.name}={one.value} in {one.source}" for one in seen.settings)
    yield Verdict(
        "gtt",
        SETTINGS,
        f"GTT is {spell(seen.gtt_bytes)}, VRAM {spell(seen.vram_bytes)}, and ROCm is shown {spell(seen.kfd_bytes)}",
        "less GTT than VRAM",
        "The kernel lets ROCm allocate from the pods' memory and leave the carve-out unused (apu_prefer_gtt): lower "
        f"what sets it ({sources or 'nothing does: a new default of the kernel, so set gpu_gtt_gib'}), and restart",
    )


def _strangers(wanted: Wanted, seen: GpuFacts) -> Iterator[Verdict]:
    """Yield parameters that do nothing, are deprecated, or compete with the file of the role."""
    ours = _ours(seen)
    for one in seen.settings:
        where = one.source if one.source.startswith("/etc/") else "the boot entry's options"
        found, todo = f"{one.source} gives {one.name}={one.value}", f"Take it out of {where}, and restart"
        if one.name.startswith("amdttm."):
            wish = "ttm.…: amdttm is of AMD's own driver package, the kernel's driver has no such module"
            yield Verdict("setting", SETTINGS, found, wish, f"It does nothing. {todo}; gpu_gtt_gib sets the limit")
        elif one.name == "amdgpu.gttsize" and one.value != "-1":
            wish = "ttm.pages_limit, for which the kernel has given it up"
            yield Verdict("setting", SETTINGS, found, wish, f"It wins over pages_limit. {todo}")
        elif one.source != OURS and wanted.gtt_gib and ours.get(one.name, one.value) != one.value:
            wish = f"{ours[one.name]}, as in {OURS}"
            yield Verdict("setting", SETTINGS, found, wish, f"Only one of them counts. {todo}")


def _ours(seen: GpuFacts) -> dict[str, str]:
    return {one.name: one.value for one in seen.settings if one.source == OURS}


def _late(seen: GpuFacts) -> str:
    """Say how the running kernel differs from the role's file; empty when it does not, or when others set it, too."""
    ours = _ours(seen)
    if not ours or any(one.source != OURS for one in seen.settings):
        return ""
    running = {"ttm.pages_limit": seen.pages_limit, "ttm.page_pool_size": seen.page_pool_size}
    said = [
        f"{name} is {pages} ({spell(pages * PAGE)}), {OURS} says {ours[name]}"
        for name, pages in running.items()
        if name in ours and pages and str(pages) != ours[name]
    ]
    return " and ".join(said)


def restart_due(seen: GpuFacts) -> str:
    """Say why a restart would change the GPU's memory; empty when it would not.

    It would when the settings were changed since the last start and the kernel does not have them yet. A difference
    that a restart did not remove is not counted: the restart would be due forever.
    """
    if seen.settings_changed <= seen.booted:
        return ""
    default = seen.memory_bytes // 2 // PAGE  # ttm_tt.c; firmware's own share makes no difference
    if not seen.settings and seen.pages_limit and abs(seen.pages_limit - default) > default // 20:
        return f"ttm.pages_limit is {seen.pages_limit} ({spell(seen.pages_limit * PAGE)}), and nothing sets it any more"
    return _late(seen)


def _pending(wanted: Wanted, seen: GpuFacts) -> Iterator[Verdict]:  # noqa: ARG001 - the rules' common signature
    said, due = _late(seen), restart_due(seen)
    if due:
        yield Verdict("restart", RESTART, due, "the same", "Restart the machine: the driver takes it at the start")
    elif said:
        todo = "The machine was restarted since: run mkinitcpio -P there, look for its errors, and restart"
        yield Verdict("initramfs", SETTINGS, said, "the same", todo)


def _memory(wanted: Wanted, seen: GpuFacts) -> Iterator[Verdict]:
    """Yield memory modules that are missing, and memory that is not accounted for."""
    if not seen.dimm_bytes:
        return
    if seen.dimm_bytes != bytes_of(wanted.ram_gib):
        found = f"the memory modules hold {spell(seen.dimm_bytes)}"
        todo = "Look at `dmidecode -t 17`: is one loose or missing, or is ram_gib wrong?"
        yield Verdict("modules", HARDWARE, found, f"{wanted.ram_gib} GiB", todo)
        return
    rest = seen.dimm_bytes - seen.vram_bytes - seen.memory_bytes
    if not RESERVED[0] <= rest <= RESERVED[1]:
        parts = (seen.dimm_bytes, seen.vram_bytes, seen.memory_bytes)
        found = "{} of modules less {} of VRAM less {} of MemTotal".format(*map(spell, parts)) + f" leave {spell(rest)}"
        todo = "Look for mem=, memmap= or crashkernel= in /proc/cmdline, and at `journalctl -k -g e820`"
        yield Verdict("memory", HARDWARE, found, "0.5 to 4 GiB, for firmware and kernel", todo)


def _target(wanted: Wanted, seen: GpuFacts) -> Iterator[Verdict]:
    if wanted.target and seen.target_version and architecture(seen.target_version) != wanted.target:
        found = f"the GPU is {architecture(seen.target_version)}"
        yield Verdict("target", SETTINGS, found, wanted.target, "Is it another machine? Else correct gpu_target")


def _devices(wanted: Wanted, seen: GpuFacts) -> Iterator[Verdict]:  # noqa: ARG001 - the rules' common signature
    """Yield what compute and drawing lack: systemd's rules give these files to render, open to all or to the group."""
    paths = [device.path for device in seen.devices]
    for path in ("/dev/kfd", "/dev/dri/renderD"):
        if not any(one.startswith(path) for one in paths):
            found = f"there is no {path}{'*' if path.endswith('D') else ''}"
            todo = "Without it no device plugin offers amd.com/gpu: look at `journalctl -k -g 'amdgpu|kfd'`"
            yield Verdict("devices", HARDWARE, found, "it", todo)
    for device in seen.devices:
        if int(device.mode, 8) & OPEN_TO_ALL != OPEN_TO_ALL and device.group != "render":
            found = f"{device.path} has mode {device.mode} and group {device.group}"
            todo = "udev gives it away at the start: restart, or `udevadm trigger --subsystem-match=drm,kfd`"
            yield Verdict("devices", RESTART, found, "group render", todo)
