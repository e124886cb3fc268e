"""What an inventory must not say: one function per rule, pure, from the draft to findings; its docstring says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.model.rules import gpu, netboot, networks, nodes, power, settings, versions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from blackstart.model.draft import Draft
    from blackstart.model.problem import Finding

RULES: tuple[Callable[[Draft], Iterable[Finding]], ...] = (
    nodes.even_number,
    nodes.names,
    nodes.duplicates,
    nodes.boot_disk_is_ceph,
    nodes.disk_names,
    nodes.wishes_to_wipe,
    nodes.mac_addresses,
    gpu.sizes,
    gpu.groups,
    gpu.reserved_twice,
    networks.overlaps,
    networks.sizes,
    networks.reserved,
    networks.outside,
    networks.storage,
    networks.endpoint,
    versions.spelling,
    versions.kubelet_skew,
    settings.names,
    settings.snapshot,
    settings.cilium,
    settings.kubelet,
    settings.time_servers,
    settings.gitops,
    settings.seed,
    settings.preflight,
    settings.ceph_fsid,
    netboot.command_line,
    netboot.iso,
    power.credentials,
    power.hook_words,
    power.wake,
    power.lab,
)
