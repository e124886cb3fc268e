"""The Debian mirror that this machine's apt uses, for the practice cluster as well."""

from __future__ import annotations

import shutil

from blackstart.engine import process

PUBLIC = "http://deb.debian.org/debian"


def debian() -> str:
    """Return the URL of the Debian archive in apt's sources, or the public one where there is no apt (Arch).

    apt may list other archives as well, some out of reach: the one that serves Debian itself ends in /debian.
    """
    if shutil.which("apt-get") is None:
        return PUBLIC
    return choose(process.run(["apt-get", "indextargets", "--format", "$(REPO_URI)"]).stdout.split())


def choose(uris: list[str]) -> str:
    """Pick Debian's own archive out of apt's repository addresses (pure)."""
    for uri in uris:
        address = uri.rstrip("/")
        if address.startswith(("http://", "https://")) and address.endswith("/debian"):
            return address
    return PUBLIC
