"""What a practice machine's live system is told at its boot: cloud-init's NoCloud seed, served over HTTP."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from pathlib import Path


def seed(folder: Path, *, host_key: Path, authorized: str, mark: dict[str, str | bool]) -> None:
    """Write meta-data and user-data into a folder.

    host_key is the file of an ed25519 key whose public half is beside it, mark the content of installation.json.
    """
    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "hostname": f"{mark['node']}-live",
        "disable_root": False,
        "users": [{"name": "root", "ssh_authorized_keys": [authorized]}],
        "ssh_keys": {
            "ed25519_private": host_key.read_text(),
            "ed25519_public": host_key.with_suffix(".pub").read_text(),
        },
        "write_files": [{"path": "/etc/blackstart/installation.json", "content": json.dumps(mark)}],
    }
    (folder / "user-data").write_text(f"#cloud-config\n{yaml.safe_dump(told)}")
    (folder / "meta-data").write_text(f"instance-id: {mark['id']}\n")


def line(url: str) -> str:
    """Return the words for the kernel's command line by which cloud-init finds a seed (its URL ends in a slash)."""
    return f"ds=nocloud;s={url}"
