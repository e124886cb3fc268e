"""`blackstart lab build`: build the bundle from source; finished parts are cached."""

from __future__ import annotations

import json
import platform
import shutil
from typing import TYPE_CHECKING

from blackstart import paths
from blackstart.bundle.manifest import Image
from blackstart.bundle.write import Content, write_bundle
from blackstart.errors import InputError
from blackstart.lab import files
from blackstart.lab.debian import DebianTree
from blackstart.lab.images import IMAGES
from blackstart.lab.package_list import PACKAGES
from blackstart.lab.packages import repositories
from blackstart.lab.progress import Progress
from blackstart.lab.recipes import GO_RECIPES, MODULE_RECIPES
from blackstart.lab.schedule import build_parts, missing
from blackstart.lab.source import ModuleBuild, ModuleFiles, OwnPrograms, go_compiler
from blackstart.lab.store import Store
from blackstart.lab.system import BUILD, ensure_system_packages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from blackstart.lab.parts import Made, Part
    from blackstart.lab.source import Source

SNAPSHOT = "2026/02/20"  # the day whose package snapshot the practice cluster pins (inventory/lab, arch_snapshot)
VERSIONS = {
    "kubernetes": "v1.35.1",
    "kubelet": "v1.35.1",
    "containerd": "2.2.1",
    "etcd": "3.6.6-0",
    "coredns": "v1.13.1",
    "pause": "3.10.1",
    "cilium": "1.18.4",
    "argocd": "v3.3.2",
}
_SETS = ("control-plane", "network", "gitops", "platform")
_GIB = 1 << 30
_COLD_GIB = 22  # compiler caches 15, parts and bundle 4 (measured), and scratch
_WARM_GIB = 4
_USERLAND = (
    *("bash", "dash", "coreutils", "findutils", "grep", "sed", "mount", "util-linux", "libc-bin", "ca-certificates"),
    *("clang-19", "bpftool", "iproute2", "iptables", "ipset", "kmod"),
    *("git", "tini", "gpg", "gpg-agent", "openssh-client"),
    *("redis-server", "redis-tools"),
)
_NODE = (
    *("runc", "keepalived", "conntrack", "ethtool", "socat", "smartmontools"),
    *("iproute2", "iptables", "nftables", "kmod"),
)


def build(report: Callable[[Progress], None], path: Path | None = None) -> Path:
    """Make the practice cluster's bundle at path (default: the user's cache) and return that path.

    Parts that exist are reused. report gets a Progress after every event.
    Raises PartFailedError for a part that cannot be built, InputError when this machine cannot build.
    """
    bundle = path or paths.cache() / "bundles" / "lab"
    store = Store(paths.cache() / "parts")
    leaves = catalogue()
    with store.lock(lambda: report(Progress({}, line="waiting for another build to finish"))):
        _check_machine(missing(leaves, store, {}), bundle)
        made = build_parts(leaves, store, paths.cache() / "logs", report)
        _write(bundle, [made[part.name] for part in leaves])
    return bundle


def catalogue() -> list[Part]:
    """Return the parts whose files make up the bundle; all others are inputs of these."""
    components = {part.name: part for part in (source.part() for source in sources())}
    packages: dict[str, Part] = {}
    for recipe in PACKAGES:
        packages[recipe.name] = recipe.part(components)
    return [
        *(image.part(components) for image in IMAGES),
        files.cilium_chart(components),
        files.argocd_manifest(components),
        repositories(SNAPSHOT, tuple(packages.values())),
    ]


def sources() -> list[Source]:
    """Return the source of each component: Go modules and Debian packages."""
    home, compiler = paths.cache() / "go", go_compiler()
    return [
        *(ModuleBuild(compiler, home, recipe) for recipe in GO_RECIPES),
        *(ModuleFiles(compiler, home, recipe) for recipe in MODULE_RECIPES),
        OwnPrograms(compiler, home),
        DebianTree("userland", "trixie", _USERLAND, 30),
        DebianTree("node-packages", "bookworm", _NODE, 15),
    ]


def _check_machine(todo: list[Part], bundle: Path) -> None:
    if not todo:
        return
    if platform.machine() != "x86_64":
        raise InputError(f"this machine is {platform.machine()}: the lab is built for x86_64", hint="use a PC")
    ensure_system_packages(BUILD)
    bundle.parent.mkdir(parents=True, exist_ok=True)
    need = _COLD_GIB if any(part.heavy for part in todo) else _WARM_GIB
    for folder in {paths.cache(), bundle.parent}:
        free = shutil.disk_usage(folder).free // _GIB
        if free < need:
            raise InputError(
                f"{folder} has {free} GiB free, the build needs {need}",
                hint="make room, or point XDG_CACHE_HOME at another disk",
            )


def _write(bundle: Path, parts: list[Made]) -> None:
    contents: dict[str, Content] = {}
    images: list[Image] = []
    packages: Mapping[str, str] = {}
    for made in parts:
        for name, record in made.files.items():
            if name == "image.json":
                continue
            if name == "packages.json":
                packages = json.loads((made.path / name).read_text())
                continue
            placed = f"images/{name}" if "image.json" in made.files else name
            contents[placed] = Content(made.path / name, record.sha256, record.size)
            if placed != name:
                facts = json.loads((made.path / "image.json").read_text())
                images.append(Image(file=placed, bytes=record.size, **facts))
    images.sort(key=lambda image: (_SETS.index(image.set), image.bytes))
    write_bundle(bundle, versions=VERSIONS, images=images, packages=packages, contents=contents)
