"""The files that the node-local roles write, rendered as Ansible renders them and compared whole."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "golden" / "node"
DISKS = [
    {"id": "nvme-A_S1", "state": "ours", "said": "", "there": True, "serial": "S1", "transport": "nvme"},
    {"id": "ata-B_S2", "state": "usable", "said": "", "there": True, "serial": "S2", "transport": "sata"},
    {"id": "ata-C_S3", "state": "refused", "said": "gone", "there": False, "serial": "", "transport": ""},
    {"id": "virtio-D", "state": "usable", "said": "", "there": True, "serial": 'no "serial"', "transport": "virtio"},
]
GIVEN: dict[str, dict[str, Any]] = {
    "ceph_disks": {
        "__ceph_disks_verdicts": {"content": base64.b64encode(json.dumps({"disks": DISKS}).encode()).decode()}
    },
    "base_os": {
        "base_os_hostname": "melchior-1",
        "base_os_hosts": ["10.77.13.20 k8s-api.lab.home", "10.77.13.13 melchior-1", "10.77.13.14 balthasar-2"],
        "base_os_mirror": "https://archive.archlinux.org",
        "base_os_snapshot": "2026/02/20",
        "base_os_kubernetes_minor": "1.35",
        "base_os_time_servers": ["192.168.1.1", "192.168.1.2"],
        "base_os_swap_allowed": True,
        "base_os_zram_mib": 4096,
    },
    "containerd": {"containerd_version": "2.2.1", "containerd_sandbox_image": "registry.k8s.io/pause:3.10.1"},
    "image_preload": {
        "image_preload_images": [
            {"name": "a:1", "file": "images/a.tar", "digest": "sha256:0a", "set": "network", "bytes": 7}
        ]
    },
    "kubernetes": {
        "kubernetes_version": "v1.35.1",
        "kubernetes_node_address": "10.77.13.13",
        "kubernetes_kubelet_config": {
            "failSwapOn": False,
            "memorySwap": {"swapBehavior": "LimitedSwap"},
            "shutdownGracePeriod": "120s",
        },
    },
    "api_endpoint": {
        "api_endpoint_address": "10.77.13.20",
        "api_endpoint_node_address": "10.77.13.13",
        "api_endpoint_peers": ["10.77.13.14", "10.77.13.15"],
        "__api_endpoint_addresses": {"stdout": '[{}, {"ifname": "enp196s0"}, {}]'},
    },
}


@pytest.fixture(autouse=True)
def _lookups() -> None:
    """Let Ansible find its own lookups by their full names, once per process."""
    if "ansible_collections" not in sys.modules:
        init_plugin_loader([])


def loaded(path: Path) -> Any:
    return DataLoader().load_from_file(str(path), trusted_as_template=True) if path.exists() else {}


def tasks(role: str, changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what blackstart_files is asked for by each task of a role."""
    room = ROOT / "roles" / role
    facts = {"role_path": str(room), "ansible_search_path": [str(room)]}
    values = loaded(room / "defaults/main.yml") | loaded(room / "vars/main.yml") | facts | GIVEN[role] | changes
    found = []
    for stage in ("install", "configure", "run"):
        for task in loaded(room / f"tasks/{stage}.yml"):
            if "blackstart_files" in task:
                templar = Templar(DataLoader(), values | task.get("vars", {}))
                found.append(templar.template(task["blackstart_files"]))
    return found


def written(role: str, **changes: Any) -> dict[str, str]:
    return {file["path"]: file["content"] for task in tasks(role, changes) for file in task["files"]}


def removed(role: str, **changes: Any) -> list[str]:
    return [path for task in tasks(role, changes) for path in task.get("absent", [])]


@pytest.mark.parametrize("role", GIVEN)
def test_files_are_what_they_were(role: str) -> None:
    programs = ("/usr/local/lib/blackstart/preload", "/usr/local/lib/blackstart/skew-guard")
    files = {path: text for path, text in written(role).items() if path not in programs}
    assert "".join(f"==> {path}\n{text}" for path, text in files.items()) == (GOLDEN / f"{role}.txt").read_text()
    assert removed(role) == []


def test_programs_are_written_as_they_lie_here() -> None:
    text = written("base_os")["/usr/local/lib/blackstart/skew-guard"]
    assert text == (ROOT / "roles/base_os/files/skew-guard").read_text()
    text = written("image_preload")["/usr/local/lib/blackstart/preload"]
    assert text == (ROOT / "roles/image_preload/files/preload.py").read_text()


def test_what_is_another_s_is_removed() -> None:
    kept = written("base_os", base_os_time_sync="none", base_os_zram_mib=0)
    gone = removed("base_os", base_os_time_sync="none", base_os_zram_mib=0)
    assert gone == [
        "/etc/systemd/timesyncd.conf.d/90-blackstart.conf",
        "/etc/systemd/system/kubelet.service.d/20-time-sync.conf",
        "/etc/systemd/zram-generator.conf",
    ]
    assert not set(gone) & set(kept)


def test_package_lists_are_fetched_before_pacman_conf_is_replaced_and_whenever_the_snapshot_changes() -> None:
    first = tasks("base_os", {})[0]["files"]
    paths = [file["path"] for file in first]
    assert paths.index("/etc/pacman.d/mirrorlist") < paths.index("/etc/pacman.conf")
    assert first[paths.index("/etc/pacman.conf")]["validate"][:3] == ["pacman", "--sync", "--refresh"]
    then = written("base_os", base_os_snapshot="2026/03/01")["/etc/pacman.conf"]
    assert then != written("base_os")["/etc/pacman.conf"]


def test_an_old_machine_s_settings_reach_containerd() -> None:
    changes = {"containerd_runc_systemd_cgroup": False, "containerd_oom_score_adj_restricted": True}
    text = written("containerd", **changes)["/etc/containerd/config.toml"]
    assert "SystemdCgroup = false" in text
    assert "restrict_oom_score_adj = true" in text


def test_without_a_grace_period_logind_is_left_alone() -> None:
    changes = {"kubernetes_kubelet_config": {"failSwapOn": True}}
    assert removed("kubernetes", **changes) == ["/etc/systemd/logind.conf.d/50-blackstart.conf"]
