"""One look at a node: standard library only, fed to `python3 -` over ssh, one JSON document on stdout. Changes nothing.

The first argument is a JSON object: address (the node's own), endpoint ([address, port]), watch ({phase: {files,
packages, units}}), folders (whose free space is wanted). Runs on Python 3.9 and newer.
"""

import hashlib
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import Any

RECEIPTS = "/var/lib/blackstart/receipts"
PKI = "/etc/kubernetes/pki"
ALWAYS = (
    "containerd.service",
    "kubelet.service",
    "keepalived.service",
    "blackstart-kubeadm.service",
    "blackstart-preload.service",
)


def read(path: str, default: str = "") -> str:
    """Return a file's text, or the default when it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - one open is all that is needed
            return file.read()
    except OSError:
        return default


def digest(path: str) -> "str | None":
    """Return a file's SHA-256 in hexadecimal; None when there is no such file."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - as above
            return hashlib.sha256(file.read()).hexdigest()
    except OSError:
        return None


def command(*argv: str) -> str:
    """Return what a command prints; empty when it is missing, fails or hangs: a look never fails for one detail."""
    try:
        done = subprocess.run(  # noqa: S603 - fixed commands, no shell; this file runs on the node, alone
            argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace")


def packages() -> "dict[str, str]":
    """Return installed packages from pacman's local database: its folders are named NAME-VERSION-RELEASE."""
    try:
        folders = os.listdir("/var/lib/pacman/local")
    except OSError:
        return {}
    parts = (folder.rsplit("-", 2) for folder in folders)
    return {part[0]: part[1] for part in parts if len(part) == 3}  # noqa: PLR2004 - name, version, release


def units(names: "list[str]") -> "dict[str, dict[str, str]]":
    """Return ActiveState and UnitFileState of each unit by one call of systemctl."""
    if not names:
        return {}
    text = command("systemctl", "show", "--property=Id,ActiveState,UnitFileState", "--", *names)
    blocks = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in text.split("\n\n")]
    return {
        name: {"active": block.get("ActiveState", ""), "enabled": block.get("UnitFileState", "")}
        for name, block in zip(names, blocks)  # noqa: B905 - `strict` is newer than 3.9; systemctl keeps the order
    }


def receipts(watch: "dict[str, Any]", installed: "dict[str, str]", seen: "dict[str, dict[str, str]]") -> "dict[str, Any]":
    """Return, by phase, the inputs that its receipt names and what is no longer as the receipt says."""
    found = {}
    for phase in watch:
        try:
            receipt = json.loads(read(f"{RECEIPTS}/{phase}.json"))
        except ValueError:
            continue  # never finished, or cut off while it was written: the same as none
        drift = [path for path, sha in receipt["files"].items() if digest(path) != sha]
        drift += [f"package {name}" for name, version in receipt["packages"].items() if installed.get(name) != version]
        drift += [f"unit {name}" for name, state in receipt["units"].items() if seen.get(name) != state]
        found[phase] = {"inputs": receipt["inputs"], "drift": drift}
    return found


def fetch(url: str, context: ssl.SSLContext, data: "bytes | None" = None, seconds: float = 3.0) -> "tuple[int, str]":
    """Return status and body of an HTTP exchange; status 0 and the error's text when there was none."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    try:
        with opener.open(url, data=data, timeout=seconds) as answer:
            return answer.status, answer.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        return 0, "no answer in time" if isinstance(reason, (socket.timeout, TimeoutError)) else str(reason)


def ready(address: str, port: int) -> "tuple[bool, str]":
    """Ask an API server whether it is ready; when not, name the checks that fail (kubernetes.io: z-pages).

    Its certificate is checked against the cluster's own CA; before there is one there is nothing to ask.
    """
    if not os.path.exists(f"{PKI}/ca.crt"):
        return False, "no cluster CA on this node yet"
    context = ssl.create_default_context(cafile=f"{PKI}/ca.crt")
    status, body = fetch(f"https://{address}:{port}/readyz?verbose", context)
    if status == 200:  # noqa: PLR2004 - HTTP's OK
        return True, ""
    failing = [line[3:].split(" ")[0] for line in body.splitlines() if line.startswith("[-]")]
    if failing:
        return False, "not ready: " + ", ".join(failing)
    return False, body.strip()[:200] if status == 0 else f"HTTP {status}"


def etcd() -> "list[dict[str, Any]]":
    """Return etcd's members as the local one lists them over its JSON gateway; empty when it does not answer.

    A linearizable list needs quorum, so the local copy is asked for; each started member's /health is asked too.
    """
    if not os.path.exists(f"{PKI}/etcd/healthcheck-client.crt"):
        return []
    context = ssl.create_default_context(cafile=f"{PKI}/etcd/ca.crt")
    context.load_cert_chain(f"{PKI}/etcd/healthcheck-client.crt", f"{PKI}/etcd/healthcheck-client.key")
    request = b'{"linearizable": false}'
    status, body = fetch("https://127.0.0.1:2379/v3/cluster/member/list", context, request)
    if status != 200:  # noqa: PLR2004 - HTTP's OK
        return []
    members = json.loads(body).get("members", [])
    for member in members:
        member["healthy"] = False

    def health(member: "dict[str, Any]") -> None:
        for url in member.get("clientURLs", []):
            code, text = fetch(f"{url}/health?serializable=true", context)
            member["healthy"] = code == 200 and '"health":"true"' in text.replace(" ", "")  # noqa: PLR2004

    threads = [threading.Thread(target=health, args=(member,)) for member in members]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [
        {
            "id": f"{int(member['ID']):x}",
            "name": member.get("name", ""),
            "learner": bool(member.get("isLearner")),
            "healthy": member["healthy"],
            "address": member.get("peerURLs", [""])[0].split("://")[-1].rsplit(":", 1)[0],
        }
        for member in members
    ]


def free(folders: "list[str]") -> "dict[str, int]":
    """Return free bytes for root by folder; a folder that is not there yet counts as its nearest parent."""
    found = {}
    for folder in folders:
        path = folder
        while not os.path.exists(path):
            path = os.path.dirname(path)
        stat = os.statvfs(path)
        found[folder] = stat.f_bavail * stat.f_frsize
    return found


def booted() -> float:
    """Return when init started, in seconds since the epoch: also right in a container, whose kernel is older."""
    ticks = int(read("/proc/1/stat", "0").rsplit(")", 1)[-1].split()[19] or 0)
    start = next((int(line.split()[1]) for line in read("/proc/stat").splitlines() if line.startswith("btime")), 0)
    return start + ticks / os.sysconf("SC_CLK_TCK")


def cni_files() -> "list[str]":
    """Return the names below /etc/cni/net.d."""
    try:
        return sorted(os.listdir("/etc/cni/net.d"))
    except OSError:
        return []


def look(wanted: "dict[str, Any]") -> "dict[str, Any]":
    """Gather everything; what takes time goes on side by side."""
    results: dict[str, Any] = {}
    port = wanted["endpoint"][1]
    jobs = {
        "api": lambda: ready(wanted["address"], port),
        "endpoint": lambda: ready(*wanted["endpoint"]),
        "etcd": etcd,
        "images": lambda: command("ctr", "-n", "k8s.io", "images", "ls", "-q").split(),
        "kubelet": lambda: command("kubelet", "--version").strip().rpartition(" ")[2],
    }
    threads = [threading.Thread(target=lambda k=k, f=f: results.update({k: f()})) for k, f in jobs.items()]
    for thread in threads:
        thread.start()
    watch = wanted["watch"]
    installed = packages()
    names = sorted({*ALWAYS, *(unit for entry in watch.values() for unit in entry["units"])})
    seen = units(names)
    memory = next((line.split()[1] for line in read("/proc/meminfo").splitlines() if line.startswith("MemTotal")), "0")
    document = {
        "clock": time.time(),
        "hostname": socket.gethostname(),
        "boot_id": read("/proc/sys/kernel/random/boot_id").strip(),
        "machine_id": read("/etc/machine-id").strip(),
        "cgroup": "v2" if os.path.exists("/sys/fs/cgroup/cgroup.controllers") else "v1",
        "memory_bytes": int(memory) * 1024,
        "free_bytes": free(wanted["folders"]),
        "packages": installed,
        "units": seen,
        "receipts": receipts(watch, installed, seen),
        "is_member": os.path.exists("/etc/kubernetes/kubelet.conf")
        and os.path.exists("/etc/kubernetes/manifests/etcd.yaml"),
        "has_etcd_data": os.path.isdir("/var/lib/etcd/member"),
        "holds_endpoint": f" {wanted['endpoint'][0]}/" in command("ip", "-4", "-o", "addr", "show"),
        "cni_files": cni_files(),
        "booted": booted(),
    }
    for thread in threads:
        thread.join()
    document["images"] = results["images"]
    document["kubelet_version"] = results["kubelet"]
    document["etcd"] = results["etcd"]
    document["api_ready"], document["api_error"] = results["api"]
    document["endpoint_ready"] = results["endpoint"][0]
    return document


def main() -> None:
    """Print the look."""
    json.dump(look(json.loads(sys.argv[1])), sys.stdout)


main()
