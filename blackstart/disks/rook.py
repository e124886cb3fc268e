"""The disks in the words of Rook's CephCluster (rook Documentation/CRDs/Cluster/ceph-cluster-crd.md)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from blackstart.disks.identity import BY_ID
from blackstart.disks.verdict import Role, State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from blackstart.disks.verdict import Verdict


def nodes(verdicts: Iterable[Verdict]) -> list[dict[str, Any]]:
    """Return `spec.storage.nodes`: the Ceph disks that are usable or ours, as `devices` of each node (pure)."""
    found: dict[str, list[str]] = {}
    for verdict in verdicts:
        if verdict.role is Role.CEPH and verdict.state is not State.REFUSED:
            found.setdefault(verdict.node, []).append(BY_ID + verdict.disk)
    return [{"name": node, "devices": [{"name": path} for path in paths]} for node, paths in found.items()]


def filters(verdicts: Iterable[Verdict]) -> dict[str, str]:
    """Return, by node, a `devicePathFilter` for the same disks.

    Rook's `deviceFilter` knows kernel names alone (nvme0n1), and those change from boot to boot.
    """
    return {
        entry["name"]: f"^({'|'.join(_literal(device['name']) for device in entry['devices'])})$"
        for entry in nodes(verdicts)
    }


def _literal(path: str) -> str:
    return re.sub(r"([.+*?()\[\]{}|^$\\])", r"\\\1", path)
