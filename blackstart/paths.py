"""Where things live: the project's own rooms, and the user's state and cache (XDG base directories)."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def share() -> Path:
    """Return the folder that holds ansible.cfg, bootstrap, inventory, playbooks and roles.

    In an installed wheel that is the package's own share/, in a checkout the repository's root.
    """
    installed = _PACKAGE / "share"
    return installed if installed.is_dir() else _PACKAGE.parent


def cache() -> Path:
    """Return the user's cache: bundles and what they are built from."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "blackstart"


def state(cluster: str) -> Path:
    """Return the state folder of one cluster: known_hosts, key, lock, runs. Created with mode 0700."""
    folder = _states() / cluster
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def states() -> list[Path]:
    """Return the state folders of all clusters that this user has worked on; none is created."""
    return sorted(folder for folder in _states().glob("*") if folder.is_dir())


def _states() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "blackstart"
