"""The table of contents: what each verb does. A step is one file and one line here, and says itself what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.phases import (
    api_endpoint,
    argocd,
    base_os,
    ceph_disks,
    cilium,
    containerd,
    control_plane,
    disk_guard,
    fresh_reboot,
    gpu_memory,
    image_preload,
    kubernetes,
    members,
    reboot,
    revive,
    root_application,
    seed,
)
from blackstart.rebuild import ceph, close_order, install, power_off, preconditions, remove_node, snapshot

if TYPE_CHECKING:
    from blackstart.step import Step

UP: tuple[Step, ...] = (
    base_os.PHASE,
    # Early: images are imported in the background while all else is set up.
    containerd.PHASE,
    image_preload.PHASE,
    disk_guard.PHASE,
    ceph_disks.PHASE,
    gpu_memory.PHASE,
    kubernetes.PHASE,
    api_endpoint.PHASE,
    fresh_reboot.PHASE,
    control_plane.PHASE,
    cilium.PHASE,
    seed.PHASE,
    argocd.PHASE,
    members.PHASE,
    revive.PHASE,
    reboot.PHASE,
    root_application.PHASE,
)

# `up --only NAME`: the break-glass repairs. Their steps alone are looked at and applied.
ONLY: dict[str, tuple[Step, ...]] = {
    "network": (cilium.PHASE,),
    "gitops": (seed.PHASE, argocd.PHASE, root_application.PHASE),
}

# `rebuild NODE`: what takes the old node out and a new system onto the machine, then `up`, then what ends a rebuild.
BEFORE: tuple[Step, ...] = (
    preconditions.STEP,
    snapshot.STEP,
    ceph.QUIET,
    power_off.OUTAGE,
    remove_node.STEP,
    power_off.POWER_OFF,
    install.STEP,
)
AFTER: tuple[Step, ...] = (ceph.BACK, close_order.STEP)
REBUILD = (*BEFORE, *UP, *AFTER)

ALL = REBUILD  # every step that any verb has
