"""The table of contents: what each verb does, in order. A phase is one file, one playbook, one line here."""

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
from blackstart.rebuild import ceph, closing, dark, install, outage, remove_node, snapshot

if TYPE_CHECKING:
    from blackstart.phases.base import Phase
    from blackstart.rebuild.base import Leg

UP: tuple[Phase, ...] = (
    base_os.PHASE,
    disk_guard.PHASE,
    ceph_disks.PHASE,
    gpu_memory.PHASE,
    containerd.PHASE,
    image_preload.PHASE,
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

# `up --only NAME`: the break-glass repairs. Their phases alone are looked at and applied.
ONLY: dict[str, tuple[Phase, ...]] = {
    "network": (cilium.PHASE,),
    "gitops": (seed.PHASE, argocd.PHASE, root_application.PHASE),
}

# `rebuild NODE`: these legs, then UP, then AFTER. A leg is one file in rebuild/ and one line here.
BEFORE: tuple[Leg, ...] = (
    snapshot.LEG,
    ceph.QUIET,
    outage.LEG,
    remove_node.LEG,
    dark.LEG,
    install.LEG,
)
AFTER: tuple[Leg, ...] = (ceph.BACK, closing.LEG)
