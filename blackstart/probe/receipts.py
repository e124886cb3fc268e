"""Receipts: what a phase left, written after it succeeded, so that the next look can tell drift from intent.

On nodes /var/lib/blackstart/receipts/<phase>.json, for the cluster the ConfigMap kube-system/blackstart-receipts.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from blackstart.engine.kube import Kube
from blackstart.errors import BlackstartError
from blackstart.probe.observe import PROBE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blackstart.engine.ssh import Fleet
    from blackstart.model.cluster import Cluster
    from blackstart.phases.base import Phase, Play
    from blackstart.probe.observed import Observed

# Runs on the node: hashes what each phase manages and renames the finished file into place.
_WRITE = """
import hashlib, json, os, subprocess, sys
wanted = json.load(sys.stdin)
def digest(path):
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return None
folders = os.listdir("/var/lib/pacman/local")
installed = {parts[0]: parts[1] for parts in (f.rsplit("-", 2) for f in folders) if len(parts) == 3}
def unit(name):
    argv = ["systemctl", "show", "--property=ActiveState,UnitFileState", "--", name]
    text = subprocess.run(argv, stdout=subprocess.PIPE, universal_newlines=True).stdout
    state = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {"active": state.get("ActiveState", ""), "enabled": state.get("UnitFileState", "")}
os.makedirs("/var/lib/blackstart/receipts", mode=0o700, exist_ok=True)
for phase, entry in wanted.items():
    receipt = {
        "inputs": entry["inputs"],
        "files": {path: digest(path) for path in entry["files"]},
        "packages": {name: installed.get(name) for name in entry["packages"]},
        "units": {name: unit(name) for name in entry["units"]},
    }
    path = "/var/lib/blackstart/receipts/%s.json" % phase
    with open(path + ".new", "w") as file:
        json.dump(receipt, file)
        file.flush()
        os.fsync(file.fileno())
    os.rename(path + ".new", path)
"""


def write_receipts(
    fleet: Fleet, desired: Cluster, observed: Observed, phases: Sequence[Phase], plays: Sequence[Play]
) -> None:
    """Write the receipts of phases that were just applied: one round trip per node, one for the cluster.

    Raises BlackstartError when a node takes none, since every later run would then do the work again.
    """
    local = [(phase, play) for phase, play in zip(phases, plays, strict=True) if phase.local]
    for node in sorted({name for _, play in local for name in play.limit}):
        wanted = {
            phase.name: {"inputs": observed.inputs[phase.name, node], **asdict(phase.watch)}
            for phase, play in local
            if node in play.limit
        }
        argv = ["python3", "-I", "-c", _WRITE]
        done = fleet.run(node, argv, stdin=json.dumps(wanted).encode(), timeout=PROBE_SECONDS)
        if done.status != 0:
            raise BlackstartError(f"{node} took no receipt: {done.err.strip()[-300:]}", hint="is its disk full?")
    _write_cluster(fleet, desired, observed, [(p, play) for p, play in zip(phases, plays, strict=True) if not p.local])


def _write_cluster(
    fleet: Fleet, desired: Cluster, observed: Observed, applied: Sequence[tuple[Phase, Play]]
) -> None:
    for phase, play in applied:
        node = play.limit[0] if phase.name != "members" else (observed.with_api or play.limit)[0]
        kube = Kube(fleet, node, f"{desired.node(node).ansible_host}:{desired.endpoint.port}")
        kube.apply(
            [
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"name": "blackstart-receipts", "namespace": "kube-system"},
                    "data": {phase.name: observed.inputs[phase.name, ""]},
                }
            ],
            manager=f"blackstart-{phase.name.replace('_', '-')}",
        )
