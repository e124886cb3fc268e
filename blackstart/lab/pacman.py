"""pacman packages and repositories out of staged files, with the tools that pacman itself uses: bsdtar and repo-add.

Format: PKGINFO(5) and BUILDINFO(5) of pacman 6; .BUILDINFO is only for reproducible builds and left out.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from blackstart.lab.parts import Room

_BUILD_DATE = 1  # seconds; files get the same time, so that a package is the same whenever it is built
_MTREE = "--options=!all,use-set,type,uid,gid,mode,time,size,md5,sha256,link,gzip:!timestamp"
_AS_ROOT = ("--uid", "0", "--gid", "0", "--uname", "root", "--gname", "root")


@dataclass(frozen=True, slots=True)
class PackageInfo:
    """What .PKGINFO says; version is upstream's, without the package's release, which is always 1."""

    name: str
    version: str
    description: str
    depends: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    backup: tuple[str, ...] = ()  # relative paths that pacman must not overwrite when changed: .pacnew

    @property
    def full_version(self) -> str:
        """The version as pacman compares it."""
        return f"{self.version}-1"

    @property
    def file_name(self) -> str:
        """The package's file name."""
        return f"{self.name}-{self.full_version}-x86_64.pkg.tar.zst"

    def render(self, size: int) -> str:
        """Return the text of .PKGINFO (pure); size is the installed size in bytes."""
        lines = [
            ("pkgname", self.name),
            ("pkgbase", self.name),
            ("xdata", "pkgtype=pkg"),
            ("pkgver", self.full_version),
            ("pkgdesc", self.description),
            ("builddate", str(_BUILD_DATE)),
            ("packager", "blackstart lab build"),
            ("size", str(size)),
            ("arch", "x86_64"),
            *(("group", group) for group in self.groups),
            *(("backup", path) for path in self.backup),
            *(("depend", name) for name in self.depends),
        ]
        return "".join(f"{key} = {value}\n" for key, value in lines)


def upstream_version(debian: str) -> str:
    """Return upstream's version out of a Debian one (pure): 1:2.2.7-1+b2 is 2.2.7, 1.1.5+ds1-1 is 1.1.5."""
    found = re.match(r"(?:\d+:)?([0-9][0-9.]*[0-9])", debian)
    return found.group(1) if found else debian


def make_package(room: Room, info: PackageInfo, stage: Path) -> Path:
    """Pack a staged root folder into room.out; return the package's path."""
    members = sorted(path.name for path in stage.iterdir())
    files = sorted(stage.rglob("*"))
    size = sum(path.lstat().st_size for path in files if path.is_file() and not path.is_symlink())
    (stage / ".PKGINFO").write_text(info.render(size))
    _set_times([*files, stage / ".PKGINFO"])
    room.run(["bsdtar", "-czf", ".MTREE", "--format=mtree", _MTREE, *_AS_ROOT, ".PKGINFO", *members], cwd=stage)
    _set_times([stage / ".MTREE"])
    package = room.out / info.file_name
    plain = room.work / "package.tar"
    room.run(["bsdtar", "-cf", plain, *_AS_ROOT, ".PKGINFO", ".MTREE", *members], cwd=stage)
    room.run(["zstd", "-q", "-3", "-T0", "--rm", plain, "-o", package])
    return package


def make_repository(room: Room, folder: Path, name: str, packages: Sequence[Path]) -> None:
    """Fill a folder (REPOSITORY/os/x86_64 on Arch's mirrors) with packages, and the database `name` of them."""
    folder.mkdir(parents=True)
    archives = [folder / package.name for package in packages]
    for package, archive in zip(packages, archives, strict=True):
        os.link(package, archive)
    room.run(["repo-add", "--quiet", folder / f"{name}.db.tar.gz", *archives])
    for kind in ("db", "files"):
        # repo-add makes name.db a link; a web server and a copy of the bundle are happier with one plain file.
        (folder / f"{name}.{kind}.tar.gz").replace(folder / f"{name}.{kind}")


def _set_times(paths: Sequence[Path]) -> None:
    for path in paths:
        os.utime(path, (_BUILD_DATE, _BUILD_DATE), follow_symlinks=False)
