"""A package archive for practice machines in the layout of Arch's: signed packages, Debian's files under Arch's names.

What differs between the two systems is put right in here, so that the role needs no word for it: Arch's unit name of
sshd, and a mkinitcpio (stand_in/) with Arch's presets and alpm hook.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from blackstart.engine import process
from blackstart.lab import mirror
from blackstart.lab.pacman import PackageInfo, make_package, upstream_version
from blackstart.lab.parts import Part, code_of, texts_below
from tests.support.metal import keys
from tests.support.metal.live import OPTIONS, SUITE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blackstart.lab.parts import Room

SNAPSHOT = "2026/02/20"
SIGNED, UNSIGNED = "signed", "unsigned"  # two archives; in the second one package lacks its signature
WITHOUT_SIGNATURE = "openssh"
PACKAGES = (
    "linux-image-cloud-amd64", "systemd", "systemd-sysv", "systemd-resolved", "systemd-timesyncd", "udev", "dbus",
    "kmod", "iproute2", "openssh-server", "python3", "ca-certificates", "curl", "less",
    "pacman-package-manager", "gettext-base", "gnupg", "libarchive-tools", "zstd", "xz-utils", "busybox-static",
    "e2fsprogs", "xfsprogs", "dosfstools", "efibootmgr", "systemd-boot-tools", "systemd-boot-efi",
)  # fmt: skip
# Names that a list for Arch has and whose files are in `base` here, or nowhere.
_EMPTY = (
    "amd-ucode", "dosfstools", "e2fsprogs", "efibootmgr", "linux-firmware", "python", "xfsprogs",
)  # fmt: skip
_GONE = (
    *("boot", "dev", "proc", "sys", "run", "tmp", "mnt", "media", "init", "vmlinuz*", "initrd.img*"),
    *("usr/lib/modules", "var/cache/apt", "var/lib/apt", "var/log", "var/lib/dbus/machine-id"),
    *("etc/hostname", "etc/machine-id", "etc/resolv.conf", "etc/fstab", "etc/vconsole.conf", "etc/ssh/ssh_host_*"),
    # What Debian starts by itself: its own chores, and the sshd that has another name on Arch.
    *("etc/systemd/system/timers.target.wants", "etc/systemd/system/multi-user.target.wants"),
    *("etc/systemd/system/ssh*.wants", "etc/systemd/system/sshd.service", "etc/systemd/system/system.slice.wants"),
)
_STAND_IN = Path(__file__).parent / "stand_in" / "mkinitcpio"


def part() -> Part:
    """Return both archives as one part of the cache, each with repos/SNAPSHOT/REPOSITORY/os/x86_64."""
    recipe = {
        "revision": 1,
        "suite": SUITE,
        "packages": PACKAGES,
        "options": OPTIONS,
        "stand_in": texts_below(_STAND_IN),
        "pacman": code_of("pacman"),
        "code": Path(__file__).read_text(),
    }
    return Part("archive", "the practice machine's package archive", 90, recipe, _make, (keys.part(),))


def _make(room: Room) -> None:
    root = _root(room)
    env = keys.home(room.work / "gpg", room.inputs["keys"])
    packages = [_pack(room, info, stage) for info, stage in _staged(room, root)]
    for package in packages:
        process.run(["gpg", "--batch", "--quiet", "--detach-sign", "--no-armor", package], env=env)
    keys.leave(room.work / "gpg")
    for archive in (SIGNED, UNSIGNED):
        unsigned = WITHOUT_SIGNATURE if archive == UNSIGNED else ""
        _repository(room, room.out / archive / "repos" / SNAPSHOT, "core", packages, unsigned)
        _repository(room, room.out / archive / "repos" / SNAPSHOT, "extra", [], "")
    for package in packages:
        package.unlink()
        package.with_name(f"{package.name}.sig").unlink()


def _root(room: Room) -> Path:
    """Install Debian into a folder."""
    root = room.work / "root"
    makepkg = (
        '--customize-hook=chroot "$1" sh -euc "cd /tmp && apt-get -qq download makepkg && '
        'dpkg-deb --fsys-tarfile makepkg_*.deb | tar -xC / ./usr/share/makepkg ./usr/bin/vercmp && rm makepkg_*"'
    )
    words = ["mmdebstrap", *OPTIONS, f"--include={','.join(PACKAGES)}", makepkg, SUITE, str(root), mirror.debian()]
    room.run(words, env={"TMPDIR": str(room.work)})
    return root


def _staged(room: Room, root: Path) -> Iterator[tuple[PackageInfo, Path]]:
    """Yield each package with the folder of its files."""
    modules = next((root / "usr/lib/modules").iterdir())
    linux = room.work / "linux"
    shutil.copytree(modules, linux / "usr/lib/modules" / modules.name, symlinks=True)
    shutil.copy(next((root / "boot").glob("vmlinuz-*")), linux / "usr/lib/modules" / modules.name / "vmlinuz")
    (linux / "usr/lib/modules" / modules.name / "pkgbase").write_text("linux\n")
    yield PackageInfo("linux", upstream_version(modules.name), "The kernel", ("base", "mkinitcpio")), linux

    shutil.copytree(_STAND_IN, room.work / "mkinitcpio")
    yield PackageInfo("mkinitcpio", "41", "A stand-in with Arch's presets", ("base",)), room.work / "mkinitcpio"

    keyring = room.work / "keyring"
    # Debian's pacman-key looks in the first of these folders, Arch's in the second.
    for folder in ("usr/share/keyrings", "usr/share/pacman/keyrings"):
        (keyring / folder).mkdir(parents=True)
        for file in room.inputs["keys"].glob(f"{keys.KEYRING}*"):
            shutil.copy(file, keyring / folder)
    (keyring / ".INSTALL").write_text(f"post_install() {{\n  pacman-key --populate {keys.KEYRING}\n}}\n")
    yield PackageInfo("archlinux-keyring", "1", "The key of the practice packages", ("base",)), keyring

    openssh = room.work / "openssh"
    units = openssh / "usr/lib/systemd/system"
    units.mkdir(parents=True)
    unit = (root / "usr/lib/systemd/system/ssh.service").read_text().replace("Alias=sshd.service\n", "")
    (units / "sshd.service").write_text(unit)
    yield PackageInfo("openssh", "10", "sshd under Arch's unit name", ("base",)), openssh

    for name in _EMPTY:
        (room.work / name / "usr/share/practice").mkdir(parents=True)
        (room.work / name / "usr/share/practice" / name).touch()
        yield PackageInfo(name, "1", "Stands for what base carries here", ("base",)), room.work / name
    yield _base(root)


def _base(root: Path) -> tuple[PackageInfo, Path]:
    """Take from the installed system what a package must not carry; the rest is `base`."""
    for pattern in _GONE:
        folder, _, last = pattern.rpartition("/")
        # By its folder's list: a link that leads nowhere is not found by its name.
        beside = (root / folder).iterdir() if (root / folder).is_dir() else ()
        for path in [each for each in beside if each.match(last)]:
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    switch = root / "etc/nsswitch.conf"
    lines = [
        "hosts: files resolve dns" if line.startswith("hosts:") else line for line in switch.read_text().splitlines()
    ]
    switch.write_text("".join(f"{line}\n" for line in lines))
    return PackageInfo("base", "3", "Debian, where Arch has its minimal set", ("archlinux-keyring",)), root


def _pack(room: Room, info: PackageInfo, stage: Path) -> Path:
    room.on_line(f"packing {info.name}")
    return make_package(room, info, stage)


def _repository(room: Room, snapshot: Path, name: str, packages: list[Path], unsigned: str) -> None:
    """Make one repository of an archive; repo-add writes into its database the signatures that lie beside packages."""
    folder = snapshot / name / "os" / "x86_64"
    folder.mkdir(parents=True)
    for package in packages:
        os.link(package, folder / package.name)
        if not package.name.startswith(f"{unsigned}-") or not unsigned:
            os.link(f"{package}.sig", folder / f"{package.name}.sig")
    room.run(["repo-add", "--quiet", folder / f"{name}.db.tar.gz", *(folder / package.name for package in packages)])
    (folder / f"{name}.db.tar.gz").replace(folder / f"{name}.db")
