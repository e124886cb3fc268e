"""The practice node's image: Debian's userland that looks like Arch, without anything that the roles install."""

from __future__ import annotations

import stat
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from blackstart import paths
from blackstart.lab import mirror
from blackstart.lab.parts import Part, Room, texts_below
from blackstart.lab.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from blackstart.lab.podman import Podman

REPOSITORY = "localhost/blackstart-node"
SUITE = "bookworm"
PACKAGES = (
    # what makes it a machine
    "systemd", "systemd-sysv", "libpam-systemd", "dbus", "udev", "kmod", "util-linux", "procps", "openssh-server",
    # what Ansible and pacman need
    "python3", "pacman-package-manager", "libarchive-tools", "zstd", "gnupg", "ca-certificates", "curl",
    # network and disks, as the live system has them
    "iproute2", "iputils-ping", "iptables", "nftables", "gdisk", "parted", "xfsprogs", "e2fsprogs", "dosfstools",
    # the lab's Git server is this image too
    "git",
)  # fmt: skip
_OPTIONS = (
    "--variant=minbase",
    '--aptopt=APT::Install-Recommends "false"',
    *(f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("doc", "info", "lintian", "locale", "man")),
    # A privileged container that boots would set the values of the whole machine.
    "--dpkgopt=path-exclude=/usr/lib/sysctl.d/*",
    "--dpkgopt=path-exclude=/etc/sysctl.conf",
)
_TREE = Path(__file__).resolve().parent / "node"
_ARCHIVE = "rootfs.tar.zst"


def part() -> Part:
    """Return the image as a part of the cache, addressed by its packages and by every file of node/."""
    programs = [str(path) for path in sorted(_TREE.rglob("*")) if path.stat().st_mode & stat.S_IXUSR and path.is_file()]
    recipe = {
        "suite": SUITE,
        "packages": PACKAGES,
        "options": _OPTIONS,
        "tree": texts_below(_TREE),
        "programs": [path.removeprefix(str(_TREE)) for path in programs],
    }
    return Part("node-image", "the practice node's image", 30, recipe, _make)


def ensure_archive(on_line: Callable[[str], None] = lambda _line: None) -> Path:
    """Return the image's tar file out of the cache, built when it is not there (30 s)."""
    store, wanted = Store(paths.cache() / "node"), part()
    if not (made := store.find(wanted)):
        with store.lock(partial(on_line, "waiting for another build of the node image to finish")):
            made = store.find(wanted) or store.make(wanted, on_line)
    return made.path / _ARCHIVE


def ensure_image(podman: Podman) -> str:
    """Return the image's name, built and imported into podman when it is not there."""
    name = f"{REPOSITORY}:{part().key[:16]}"
    if podman.run("image", "exists", name, check=False).returncode != 0:
        podman.run("import", "--quiet", ensure_archive(), name)
        for older in podman.run("image", "list", "--format", "{{.Repository}}:{{.Tag}}", REPOSITORY).stdout.split():
            if older != name:
                podman.run("image", "rm", older, check=False)  # one that a node still uses stays
    return name


def _make(room: Room) -> None:
    options = [*_OPTIONS, f"--include={','.join(PACKAGES)}", f"--customize-hook={_TREE / 'customize'}"]
    room.run(["mmdebstrap", *options, SUITE, room.out / _ARCHIVE, mirror.debian()], env={"TMPDIR": str(room.work)})
