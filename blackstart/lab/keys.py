"""Keys of the practice nodes: generated here, installed before the first boot, and pinned; no trust on first use."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING

from blackstart.engine import process
from blackstart.lab import disks
from blackstart.metal.order import INSTALLATION_FILE

if TYPE_CHECKING:
    from pathlib import Path

    from blackstart.lab.layout import Layout, Machine

CLIENT = "id_ed25519"
KNOWN_HOSTS = "known_hosts"


def ensure(layout: Layout) -> None:
    """Make the client's key and each node's host key where missing, and pin the latter in known_hosts."""
    _ensure_key(layout.state / CLIENT, f"blackstart {layout.cluster}")
    lines = []
    for machine in layout.machines:
        key = host_key(layout, machine)
        key.parent.mkdir(parents=True, exist_ok=True)
        _ensure_key(key, machine.name)
        kind, public, *_ = key.with_suffix(".pub").read_text().split()
        lines.append(f"{machine.address} {kind} {public}\n")
    (layout.state / KNOWN_HOSTS).write_text("".join(lines))


def host_key(layout: Layout, machine: Machine) -> Path:
    """Return where a node's private host key is kept."""
    return layout.state / "nodes" / machine.name / "ssh_host_ed25519_key"


def take(layout: Layout, machine: Machine, private: Path) -> None:
    """Install a key pair that was made elsewhere as the node's host key."""
    mine = host_key(layout, machine)
    for theirs, own in ((private, mine), (private.with_suffix(".pub"), mine.with_suffix(".pub"))):
        part = own.with_name(f"{own.name}.part")
        part.write_bytes(theirs.read_bytes())
        part.chmod(0o600)
        part.replace(own)


def _ensure_key(path: Path, comment: str) -> None:
    public = path.with_suffix(".pub")
    if not (path.exists() and public.exists()):
        path.unlink(missing_ok=True)  # ssh-keygen would ask before it replaces a half-made pair
        process.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path])


def seed(layout: Layout, machine: Machine, installation: str = "") -> bytes:
    """Return a tar file of what an installer leaves on a new node: keys, resolver, disks' names, the installation's id.

    Without an id it is a system that others installed.
    """
    key = host_key(layout, machine)
    # Nothing answers at the resolver's address: a practice node has no names but those in its /etc/hosts.
    resolver = f"nameserver {layout.gateway}\noptions timeout:1 attempts:1\n"
    files = [
        ("etc/ssh/ssh_host_ed25519_key", 0o600, key.read_bytes()),
        ("etc/ssh/ssh_host_ed25519_key.pub", 0o644, key.with_suffix(".pub").read_bytes()),
        ("root/.ssh/authorized_keys", 0o600, (layout.state / f"{CLIENT}.pub").read_bytes()),
        ("etc/resolv.conf", 0o644, resolver.encode()),
        (disks.RULES, 0o644, disks.rules(layout, machine.name).encode()),
    ]
    if installation:
        mark = json.dumps({"id": installation, "node": machine.name})
        files.append((INSTALLATION_FILE.removeprefix("/"), 0o644, f"{mark}\n".encode()))
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        folder = tarfile.TarInfo("root/.ssh")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o700
        archive.addfile(folder)
        for name, mode, content in files:
            entry = tarfile.TarInfo(name)
            entry.mode, entry.size = mode, len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()
