"""The practice machine's live system: Debian with the tools that the official Arch ISO has, as a kernel and one cpio.

It learns its ssh host key, who may come in and what it is by cloud-init from the address that its kernel's command line
names (ds=nocloud;s=URL), as the official ISO does.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from blackstart.engine import process
from blackstart.lab import mirror
from blackstart.lab.parts import Part, texts_below
from tests.support.metal import keys

if TYPE_CHECKING:
    from blackstart.lab.parts import Room

SUITE = "trixie"
KERNEL, CPIO = "vmlinuz", "live.cpio.zst"
PACKAGES = (
    # what makes it a machine
    "linux-image-cloud-amd64", "systemd", "systemd-sysv", "udev", "dbus", "kmod", "iproute2", "openssh-server",
    "cloud-init", "python3", "ca-certificates", "curl", "less",
    # what installs
    "arch-install-scripts", "pacman-package-manager", "gettext-base", "gnupg", "libarchive-tools", "zstd",
    "gdisk", "parted", "dosfstools", "e2fsprogs", "xfsprogs", "util-linux-extra", "nvme-cli",
    "efibootmgr", "systemd-boot-tools", "systemd-boot-efi",
)  # fmt: skip
OPTIONS = (
    "--mode=root",
    "--variant=minbase",
    '--aptopt=APT::Install-Recommends "false"',
    *(f"--dpkgopt=path-exclude=/usr/share/{folder}/*" for folder in ("doc", "info", "lintian", "locale", "man")),
)
_TREE = Path(__file__).parent / "live"
_OFF = Path("etc/cloud/cloud-init.disabled")


def part() -> Part:
    """Return the live system as a part of the cache: KERNEL and CPIO."""
    recipe = {"revision": 2, "suite": SUITE, "packages": PACKAGES, "options": OPTIONS, "tree": texts_below(_TREE)}
    return Part("live", "the practice machine's live system", 75, recipe, _make, (keys.part(),))


def _make(room: Room) -> None:
    root = room.work / "root"
    # Debian's pacman-key looks for keyrings in another folder than Arch's.
    keyrings = [
        f'--customize-hook=mkdir -p "$1{folder}" && cp {room.inputs["keys"]}/archlinux* "$1{folder}/"'
        for folder in ("/usr/share/keyrings", "/usr/share/pacman/keyrings")
    ]
    keyring = (
        f'--customize-hook=chroot "$1" sh -ec "pacman-key --init; pacman-key --populate {keys.KEYRING}; '
        'gpgconf --homedir /etc/pacman.d/gnupg --kill all"'
    )
    hooks = [f"--customize-hook={_TREE / 'customize'}", *keyrings, keyring]
    words = ["mmdebstrap", *OPTIONS, f"--include={','.join(PACKAGES)}", *hooks, SUITE, str(root), mirror.debian()]
    room.run(words, env={"TMPDIR": str(room.work)})
    kernel = next((root / "boot").glob("vmlinuz-*"))
    kernel.rename(room.out / KERNEL)
    squeeze = "--options=zstd:compression-level=6,zstd:threads=0"
    cpio = ["bsdtar", "-cf", str(room.out / CPIO), "--format=newc", "--zstd", squeeze, "-C", str(root)]
    room.run([*cpio, "--exclude=./proc/*", "--exclude=./sys/*", "."])


def with_cloud_init(files: Path, folder: Path) -> Path:
    """Make a folder with KERNEL and CPIO of another in which the real cloud-init is not turned off; returns it.

    The file that turns it off counts for more than the kernel's command line (cloud-init's ds-identify, is_disabled).
    The kernel unpacks archives one over the other
    (https://docs.kernel.org/driver-api/early-userspace/buffer-format.html), and a link to nowhere is no file.
    """
    link = folder / "over" / _OFF
    link.parent.mkdir(parents=True)
    link.symlink_to("nowhere")
    over = folder / "over.cpio"
    process.run(["bsdtar", "-cf", over, "--format=newc", "-C", folder / "over", "etc"])
    shutil.copy(files / KERNEL, folder / KERNEL)
    under = (files / CPIO).read_bytes()
    (folder / CPIO).write_bytes(under + bytes(-len(under) % 4) + over.read_bytes())
    return folder
