"""The cluster's own known_hosts file: the host key that each machine must show."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from blackstart.model.cluster import Node


def pin(known_hosts: Path, node: Node, public: str) -> None:
    """Accept this key ("ssh-ed25519 AAAA...") of a node and no other; lines of other nodes are kept."""
    name = node.known_as
    lines = known_hosts.read_text().splitlines() if known_hosts.exists() else []
    kept = [line for line in lines if name not in line.split(" ", 1)[0].split(",")]
    part = known_hosts.with_name(f"{known_hosts.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("".join(f"{line}\n" for line in [*kept, f"{name} {public}"]))
    part.replace(known_hosts)


def pinned(known_hosts: Path, node: Node) -> str:
    """Return the key that a node must show ("ssh-ed25519 AAAA..."), the first of several; empty when there is none."""
    lines = known_hosts.read_text().splitlines() if known_hosts.exists() else []
    words = (line.split() for line in lines)
    return next((" ".join(found[1:3]) for found in words if found and node.known_as in found[0].split(",")), "")
