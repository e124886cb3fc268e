"""The pacman packages of the practice cluster: Arch's names and file layout, contents from the components.

Package names and files: archlinux.org/packages and the PKGBUILD of kubernetes (units, drop-in, kubelet.env); programs
that Debian has in /usr/sbin lie in /usr/bin on Arch. What a component is and where it comes from is not known here.
"""

from __future__ import annotations

import json
import shutil
import stat
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from blackstart.lab.pacman import PackageInfo, make_package, make_repository, upstream_version
from blackstart.lab.parts import Part, code_of, texts_below
from blackstart.lab.userland import Userland

if TYPE_CHECKING:
    from collections.abc import Mapping

    from blackstart.lab.parts import Room

_STATIC = Path(__file__).parent / "arch"
_LIBS = "debian-libs"
_NODE_TREE = "node-packages"
# Programs out of Debian packages: what they load goes into debian-libs, in a folder of its own, because the node
# image may have some of those libraries and pacman overwrites no file that it does not own.
_CARRIED = ("runc", "keepalived", "conntrack", "ethtool", "socat", "smartctl", "smartd")
# glibc's own libraries must match the loader of the node: they are never carried along.
_GLIBC = ("ld-linux", "libc.so", "libm.so", "libresolv.so", "libdl.so", "libpthread.so", "librt.so", "libutil.so")


@dataclass(frozen=True, slots=True)
class PackageRecipe:
    """One package. programs go to /usr/bin, files to the path given; values are "component/path in it".

    version is upstream's, or "=package" for the one that the Debian package of that name has.
    """

    name: str
    version: str
    description: str
    programs: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    folders: dict[str, int] = field(default_factory=dict)  # path: mode
    depends: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    backup: tuple[str, ...] = ()
    repository: str = "extra"

    def part(self, components: Mapping[str, Part]) -> Part:
        """Return the part with the package's file and package.json {name, version, repository}."""
        named = {source.partition("/")[0] for source in (*self.programs, *self.files.values())}
        named |= {_NODE_TREE} if self.version.startswith("=") or self.name == _LIBS else set()
        static = texts_below(_STATIC / self.name)
        recipe = {**asdict(self), "static": static, "code": code_of("pacman", "packages", "userland")}
        inputs = tuple(components[name] for name in sorted(named))
        return Part(f"package/{self.name}", f"package {self.name}", 3, recipe, self._make, inputs)

    def _make(self, room: Room) -> None:
        stage = room.work / "stage"
        stage.mkdir()
        wanted = {f"usr/bin/{Path(source).name}": source for source in self.programs} | self.files
        for target, source in wanted.items():
            component, _, path = source.partition("/")
            _install(room.inputs[component] / path, stage / target)
        if self.name == _LIBS:
            _install_libraries(Userland(room.inputs[_NODE_TREE] / "tree"), stage / "usr/lib" / _LIBS)
        for name, text in texts_below(_STATIC / self.name).items():
            (stage / name).parent.mkdir(parents=True, exist_ok=True)
            (stage / name).write_text(text)
            (stage / name).chmod(0o644)
        for name in self.folders:
            (stage / name).mkdir(parents=True)
        for folder in filter(Path.is_dir, stage.rglob("*")):
            folder.chmod(self.folders.get(str(folder.relative_to(stage)), 0o755))
        info = PackageInfo(self.name, self._version(room), self.description, self.depends, self.groups, self.backup)
        make_package(room, info, stage)
        facts = {"name": self.name, "version": info.full_version, "repository": self.repository}
        (room.out / "package.json").write_text(json.dumps(facts))

    def _version(self, room: Room) -> str:
        if not self.version.startswith("="):
            return self.version
        versions: dict[str, str] = json.loads((room.inputs[_NODE_TREE] / "versions.json").read_text())
        return upstream_version(versions[self.version.removeprefix("=")])


def _install(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755 if source.stat().st_mode & stat.S_IXUSR else 0o644)
    if target.suffix == ".service":
        text = target.read_text()
        target.write_text(text.replace("/usr/sbin/", "/usr/bin/").replace("/usr/local/bin/", "/usr/bin/"))


def _install_libraries(tree: Userland, folder: Path) -> None:
    folder.mkdir(parents=True)
    for path, source in tree.closure(tree.program(name) for name in _CARRIED).items():
        name = Path(path).name
        if Path(path).parent.name == "x86_64-linux-gnu" and not name.startswith(_GLIBC):
            shutil.copy2(source, folder / name, follow_symlinks=False)


def repositories(snapshot: str, packages: tuple[Part, ...]) -> Part:
    """Return the part with repos/<snapshot>/{core,extra}/os/x86_64, and packages.json {name: version}."""

    def make(room: Room) -> None:
        facts = [json.loads((room.inputs[part.name] / "package.json").read_text()) for part in packages]
        files = {fact["name"]: next(room.inputs[f"package/{fact['name']}"].glob("*.zst")) for fact in facts}
        for repository in ("core", "extra"):
            mine = [files[fact["name"]] for fact in facts if fact["repository"] == repository]
            make_repository(room, room.out / "repos" / snapshot / repository / "os" / "x86_64", repository, mine)
        versions = {fact["name"]: fact["version"] for fact in facts}
        (room.out / "packages.json").write_text(json.dumps(versions, indent=1, sort_keys=True))

    recipe = {"snapshot": snapshot, "code": code_of("pacman", "packages")}
    return Part("repositories", "package repositories", 5, recipe, make, packages, digests=True)
