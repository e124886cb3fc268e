"""System packages that the lab needs, installed at most once.

On Debian they are installed by apt; elsewhere the programs must be there, and a missing one is named.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from blackstart.engine import process
from blackstart.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_DPKG_FORMAT = "${Package} ${db:Status-Abbrev}\n"


class Need(NamedTuple):
    """A program, the Debian package and the Arch package that carry it."""

    program: str
    debian: str
    arch: str

    @classmethod
    def named(cls, *programs: str) -> tuple[Need, ...]:
        """Return programs whose packages have their names, on Debian and on Arch."""
        return tuple(cls(name, name, name) for name in programs)


BUILD = (
    Need("bsdtar", "libarchive-tools", "libarchive"),
    Need("repo-add", "pacman-package-manager", "pacman"),
    # Only recommended by it, and repo-add reads its files.
    Need("makepkg", "makepkg", "pacman"),
    Need("apt-get", "apt", "apt"),
    Need("dpkg-deb", "dpkg", "dpkg"),
    Need("setpriv", "util-linux", "util-linux"),
    *Need.named("zstd"),
)
MACHINES = (
    *Need.named("mmdebstrap", "podman", "runc", "iptables", "git"),
    Need("/usr/lib/podman/netavark", "netavark", "netavark"),
    Need("ip", "iproute2", "iproute2"),
    Need("ssh", "openssh-client", "openssh"),
)


def ensure_system_packages(
    needs: Iterable[Need] = (*BUILD, *MACHINES), report: Callable[[str], None] = lambda _line: None
) -> None:
    """Install what is missing; one dpkg-query when nothing is. report gets apt's lines.

    Raises InputError when something is missing and this is no Debian, or not run by root.
    """
    wanted = tuple(needs)
    if shutil.which("dpkg-query") is None or not Path("/etc/debian_version").exists():
        _require_programs(wanted)
        return
    missing = _missing_on_debian([need.debian for need in wanted])
    if not missing:
        return
    if os.geteuid() != 0:
        raise InputError(
            f"the lab needs these packages: {' '.join(missing)}",
            hint=f"run as root, or: sudo apt-get install --no-install-recommends {' '.join(missing)}",
        )
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    # Other sources of this machine may be out of reach: what is then still missing fails the install by name.
    process.run(["apt-get", "-q", "update"], env=quiet, check=False)
    install = ["apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300", "install", "--no-install-recommends"]
    process.follow([*install, *missing], report, env=quiet)


def _missing_on_debian(packages: list[str]) -> list[str]:
    asked = process.run(["dpkg-query", "-W", "-f", _DPKG_FORMAT, *packages], check=False)
    lines = (line.partition(" ") for line in asked.stdout.splitlines())
    installed = {name for name, _, status in lines if status.startswith("ii")}
    return [package for package in packages if package not in installed]


def _require_programs(needs: tuple[Need, ...]) -> None:
    missing = [need for need in needs if shutil.which(need.program) is None]
    if missing:
        raise InputError(
            f"the lab needs these programs: {' '.join(need.program for need in missing)}",
            hint=f"install them, on Arch: pacman -S --needed {' '.join(need.arch for need in missing)}",
        )
