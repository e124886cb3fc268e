"""Debian packages unpacked, not installed: one folder tree out of a suite's packages and what they depend on.

apt works in a folder of its own, with an empty package database and none of the machine's configuration but its
proxies, so the machine's own sources (some may be out of reach) and its installed packages do not matter.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from blackstart.engine import process
from blackstart.errors import InputError
from blackstart.lab import mirror
from blackstart.lab.parts import Part

if TYPE_CHECKING:
    from blackstart.lab.parts import Room

_REVISION = 1
_KEYRINGS = (
    "/usr/share/keyrings/debian-archive-keyring.gpg",
    "/usr/share/keyrings/debian-archive-keyring.pgp",
)
_CONFIGURATION = """\
Dir "{root}";
Dir::State::status "{root}/status";
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Bin::methods "/usr/lib/apt/methods";
Dir::Log "{root}/log";
APT::Architecture "amd64";
APT::Architectures {{ "amd64"; }};
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
"""


@dataclass(frozen=True, slots=True)
class DebianTree:
    """A suite's packages with all they depend on, as one tree: files/tree, and versions.json {package: version}."""

    name: str
    suite: str
    packages: tuple[str, ...]
    seconds: float

    def part(self) -> Part:
        """Return the part; its versions are what the mirror has when it is built."""
        recipe = {"revision": _REVISION, "suite": self.suite, "packages": sorted(self.packages)}
        return Part(self.name, f"Debian {self.suite} packages", self.seconds, recipe, self._make)

    def _make(self, room: Room) -> None:
        archives = _download(room, self.suite, sorted(self.packages))
        tree = room.out / "tree"
        versions = {}
        for archive in archives:
            room.run(["dpkg-deb", "--extract", archive, tree])
            shown = process.run(["dpkg-deb", "--show", "--showformat", "${Package} ${Version}", archive]).stdout
            package, version = shown.split()
            versions[package] = version
        _merge_usr(tree)
        (room.out / "versions.json").write_text(json.dumps(versions, indent=1, sort_keys=True))


def _merge_usr(tree: Path) -> None:
    """Make /bin, /lib, /lib64 and /sbin links into /usr, as installed systems have them: some packages ship folders."""
    for name in ("bin", "lib", "lib64", "sbin"):
        old, new = tree / name, tree / "usr" / name
        if old.is_symlink():
            continue
        new.mkdir(parents=True, exist_ok=True)
        for path in sorted(old.rglob("*")):
            target = new / path.relative_to(old)
            if path.is_dir() and not path.is_symlink():
                target.mkdir(exist_ok=True)
            else:
                path.rename(target)
        shutil.rmtree(old, ignore_errors=True)
        old.symlink_to(f"usr/{name}")


def _download(room: Room, suite: str, packages: list[str]) -> list[Path]:
    root = room.work / "apt"
    for folder in ("etc/apt/preferences.d", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "log"):
        (root / folder).mkdir(parents=True)
    (root / "status").touch()
    keyring = next((path for path in _KEYRINGS if Path(path).exists()), None)
    if keyring is None:
        raise InputError(
            "Debian's archive keys are not on this machine", hint="install the package debian-archive-keyring"
        )
    (root / "etc/apt/sources.list").write_text(f"deb [signed-by={keyring}] {mirror.debian()} {suite} main\n")
    configuration = root / "apt.conf"
    configuration.write_text(_CONFIGURATION.format(root=root) + _proxies())
    env = {"APT_CONFIG": str(configuration), "DEBIAN_FRONTEND": "noninteractive"}
    room.run(["apt-get", "-q", "update"], env=env)
    room.run(["apt-get", "-q", "-y", "--download-only", "install", *packages], env=env)
    return sorted((root / "var/cache/apt/archives").glob("*.deb"))


def _proxies() -> str:
    dump = process.run(["apt-config", "dump", "--format", '%F "%v";%n', "Acquire"], check=False).stdout
    kept = ("acquire::http::", "acquire::https::", "acquire::check-")
    return "".join(f"{line}\n" for line in dump.splitlines() if line.lower().startswith(kept))
