"""What a phase's hash covers: exactly what the phase uses, so that one edit runs no phase that it does not concern."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from blackstart import paths, verbs
from blackstart.engine import carrier, inputs

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parents[2]
PHASES = [*(phase.name for phase in verbs.UP), "etcd_snapshot", "node_drain", "node_removal", "ceph_quiet"]


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], set[str]]:
    """Edit a file of a copy of the repository; return the phases whose hash is another one then."""
    shutil.copytree(ROOT / "blackstart", tmp_path / "blackstart", symlinks=True)
    for room in ("roles", "playbooks", "bootstrap"):
        shutil.copytree(ROOT / room, tmp_path / room)
    monkeypatch.setattr(paths, "share", lambda: tmp_path)
    monkeypatch.setattr(inputs, "_PACKAGE", tmp_path / "blackstart")
    monkeypatch.setattr(carrier, "NODE", tmp_path / "blackstart/node")

    def hashes() -> dict[str, str]:
        return {phase: found for (phase, node), found in inputs.inputs(PHASES, {}, None, []).items() if not node}

    def edit(name: str) -> set[str]:
        before, file = hashes(), tmp_path / name
        file.write_text(f"{file.read_text()}\n# edited\n")
        return {phase for phase, found in hashes().items() if found != before[phase]}

    return edit


@pytest.mark.parametrize(
    ("file", "phases"),
    [
        ("bootstrap/cilium/values.yaml.j2", {"cilium"}),
        ("bootstrap/kubeadm/join.yaml.j2", {"control_plane", "members"}),
        ("bootstrap/root-application/root.yaml.j2", {"root_application"}),
        ("roles/containerd/defaults/main.yml", {"containerd"}),
        ("roles/containerd/README.md", set()),
        ("playbooks/base_os.yml", {"base_os"}),
        ("blackstart/node/gpu/judge.py", {"gpu_memory"}),
        ("blackstart/node/disks/wipe.py", {"disk_guard"}),
        ("blackstart/node/disks/signatures.py", {"disk_guard"}),
        ("blackstart/disks/judge.py", {"disk_guard"}),
        ("blackstart/ceph/gates.py", {"ceph_quiet"}),
        ("blackstart/node/ceph/client.py", {"ceph_quiet"}),
        ("blackstart/ansible/modules/blackstart_ceph.py", {"ceph_quiet"}),
        ("blackstart/node/etcd/quorum.py", {"etcd_snapshot", "node_removal"}),
        ("blackstart/node/machine.py", set()),
    ],
)
def test_an_edit_concerns_the_phases_that_use_the_file(
    changed: Callable[[str], set[str]], file: str, phases: set[str]
) -> None:
    found = changed(file)
    assert found == phases, f"{file} concerns {sorted(found)}"


def test_what_all_modules_use_concerns_many_phases(changed: Callable[[str], set[str]]) -> None:
    assert {"base_os", "containerd", "kubernetes", "cilium"} <= changed("blackstart/node/command.py")
