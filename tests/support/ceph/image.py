"""The image of the Ceph tests: Debian sid's Ceph daemons, built once and kept in the cache."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from blackstart import paths
from blackstart.engine import process
from blackstart.lab import mirror
from blackstart.lab.parts import Part, Room
from blackstart.lab.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from blackstart.lab.podman import Podman

REPOSITORY = "localhost/blackstart-ceph"
SUITE = "sid"  # the homelab runs Ceph 20; a stable Debian has an older one
PACKAGES = (
    "ca-certificates", "iproute2", "procps", "util-linux", "python3", "binutils", "lvm2",
    "ceph-mon", "ceph-mgr", "ceph-mgr-modules-core", "ceph-osd", "ceph-volume", "ceph-common",
)  # fmt: skip
_OPTIONS = (
    "--variant=minbase",
    '--aptopt=APT::Install-Recommends "false"',
    *(f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("doc", "info", "lintian", "locale", "man")),
)
_ARCHIVE = "ceph.tar"


def ensure(podman: Podman, say: Callable[[str], None]) -> str:
    """Return the image's name, built (a minute) and imported into podman when it is not there."""
    recipe = {"suite": SUITE, "packages": PACKAGES, "options": _OPTIONS}
    part = Part("ceph-image", "the Ceph tests' image", 60, recipe, _make)
    name = f"{REPOSITORY}:{part.key[:16]}"
    if podman.run("image", "exists", name, check=False).returncode != 0:
        store = Store(paths.cache() / "ceph")
        if not (made := store.find(part)):
            with store.lock(partial(say, "another build of the image is going on")):
                made = store.find(part) or store.make(part, lambda _line: None)
        podman.run("import", "--quiet", made.path / _ARCHIVE, name)
    return name


def _make(room: Room) -> None:
    words = ["mmdebstrap", *_OPTIONS, *_machine(), f"--include={','.join(PACKAGES)}", SUITE]
    room.run([*words, room.out / _ARCHIVE, mirror.debian()], env={"TMPDIR": str(room.work)})


def _machine() -> list[str]:
    """Return how this machine's own apt reaches its mirror, and what it checks of one that is behind."""
    dump = process.run(["apt-config", "dump", "--format", '%F "%v"%n', "Acquire"], check=False).stdout.splitlines()
    kept = ("acquire::http::", "acquire::https::", "acquire::check-")
    return [f"--aptopt={line}" for line in dump if line.lower().startswith(kept)]
