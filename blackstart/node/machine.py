"""The state of one node: the machine, what roles manage on it, its etcd member and its API server."""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path
from typing import Any

from . import board, https, pacman, receipts
from .command import output
from .disks import verdicts
from .etcd import client
from .gpu import sysfs
from .parallel import together
from .text import read

KUBERNETES = "/etc/kubernetes"
CNI = "/etc/cni/net.d"
MODULES = "/usr/lib/modules"
ETCD_DATA = "/var/lib/etcd"
# What an installer of blackstart leaves (blackstart/metal/order.py); a system that others installed has none.
INSTALLATION = "/etc/blackstart/installation.json"
# While no node holds the address, every look waits this long.
ENDPOINT_SECONDS = 1.0
# Where a full disk stops something; those that share a filesystem say the same.
_ROOMS = ("/", "/var/lib/containerd", ETCD_DATA)


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Look: request {"address", "endpoint": {"name", "address", "port"}, "units", "images": bool, "dark"}.

    units are names; dark holds the addresses of nodes that have no power, which are not asked.
    kubeadm binds the API server to the endpoint's port. Returns the fields of NodeFacts, `receipts` with their drift.
    """
    endpoint = request["endpoint"]
    serves = Path(KUBERNETES, "manifests/kube-apiserver.yaml").exists()
    left = receipts.read_receipts()
    watched = {*request["units"], *(name for receipt in left.values() for name in receipt["units"])}
    jobs: dict[str, Any] = {
        "units": (receipts.units, watched),
        "addresses": (addresses,),
        "endpoint_error": (https.readyz, endpoint["address"], endpoint["port"], endpoint["name"], ENDPOINT_SECONDS),
    }
    if serves:
        jobs["api_error"] = (https.readyz, request["address"], endpoint["port"], request["address"])
        jobs["etcd"] = (client.look, frozenset(request["dark"]))
    if request["images"]:
        jobs["images"] = (images,)
    seen = together(jobs)
    installed = pacman.installed()
    return {
        **machine(),
        "packages": installed,
        # Asking the program itself would cost 0.1 s.
        "kubelet_version": f"v{installed['kubelet']}" if "kubelet" in installed else "",
        "units": {name: seen["units"][name] for name in request["units"] if name in seen["units"]},
        "receipts": {
            phase: {"inputs": receipt["inputs"], "drift": receipts.drift(receipt, installed, seen["units"])}
            for phase, receipt in left.items()
        },
        "disks": verdicts.read(),
        "images": seen.get("images", []),
        "is_member": all(Path(KUBERNETES, name).exists() for name in ("kubelet.conf", "manifests/etcd.yaml")),
        "has_etcd_data": Path(ETCD_DATA, "member").is_dir(),
        "etcd": seen.get("etcd", []),
        "api_ready": seen.get("api_error") == "",
        "api_error": seen.get("api_error", ""),
        "holds_endpoint": endpoint["address"] in seen["addresses"],
        "endpoint_ready": seen["endpoint_error"] == "",
        "cni_files": sorted(file.name for file in Path(CNI).glob("*")),
        "gpu": sysfs.read(),
    }


def machine() -> dict[str, Any]:
    """Return the facts that /proc and /sys hold."""
    memory = next(line for line in read(Path("/proc/meminfo")).splitlines() if line.startswith("MemTotal:"))
    born = booted(read(Path("/proc/stat")), read(Path("/proc/1/stat")), os.sysconf("SC_CLK_TCK"))
    rooms = {room: os.statvfs(room) for room in _ROOMS if Path(room).is_dir()}
    return {
        "hostname": socket.gethostname(),
        "boot_id": read(Path("/proc/sys/kernel/random/boot_id")),
        "machine_id": read(Path("/etc/machine-id")),
        "cgroup": "v2" if Path("/sys/fs/cgroup/cgroup.controllers").exists() else "v1",
        "memory_bytes": int(memory.split()[1]) * 1024,
        "free_bytes": {room: seen.f_bavail * seen.f_frsize for room, seen in rooms.items()},
        "kernel": os.uname().release,
        "kernels": kernels(),
        "booted": born,
        "uptime": time.time() - born,
        "board_serial": board.serial(),
        **installation(read(Path(INSTALLATION))),
    }


def installation(text: str) -> dict[str, Any]:
    """Return the id that the running system was installed under, and whether it is an installer's live system."""
    try:
        mark = json.loads(text)
        return {"installation": str(mark["id"]), "live": bool(mark.get("live", False))}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {"installation": "", "live": False}


def booted(stat: str, init: str, ticks: int) -> float:
    """Return when init was started, in seconds since the epoch (proc_pid_stat(5), field 22); also in a container."""
    boot = next(int(line.split()[1]) for line in stat.splitlines() if line.startswith("btime "))
    # The second field is a name in parentheses and may hold anything; fields are counted from behind it.
    return boot + int(init.rpartition(")")[2].split()[19]) / ticks


def kernels(room: str = MODULES) -> list[str]:
    """Return the releases of the kernels that Arch packages installed: each names its package beside its modules."""
    return sorted(file.parent.name for file in Path(room).glob("*/pkgbase"))


def addresses() -> list[str]:
    """Return the IPv4 addresses on the interfaces of this node."""
    links = json.loads(output(["ip", "-j", "-4", "addr", "show"]) or "[]")
    return [entry["local"] for link in links for entry in link.get("addr_info", []) if "local" in entry]


def images() -> list[str]:
    """Return the references of images in containerd's k8s.io namespace; empty while containerd is down."""
    return output(["ctr", "--namespace", "k8s.io", "images", "ls", "-q"]).split()
