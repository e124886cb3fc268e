"""The live system's files, unpacked from Arch's official ISO, which the inventory pins by its checksum."""

from __future__ import annotations

import hashlib
import re
import shutil
import urllib.request
from typing import TYPE_CHECKING

from blackstart.engine import process
from blackstart.errors import InputError
from blackstart.words import some

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from blackstart.model.cluster import Cluster, Netboot

_MARK = ".iso-sha256"  # of the ISO that the files beside it are from
_TREE = "arch"  # the only folder of the ISO that a network boot needs
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PIECE = 1 << 20


def room(desired: Cluster) -> Path:
    """Return the folder of the live system's files: netboot_path, or netboot/ in the bundle."""
    path = desired.netboot.path
    return path.expanduser() if path else desired.bundle_path / "netboot"


def served(desired: Cluster) -> dict[str, Path]:
    """Return every file of the live system by its name in the folder.

    Raises InputError when one that a boot needs is missing, or they are of another ISO than the inventory names.
    """
    folder, netboot = room(desired), desired.netboot
    missing = [name for name in (netboot.kernel, *netboot.initrds) if not (folder / name).is_file()]
    if missing:
        raise InputError(
            f"the live system is not in {folder}: {some(missing)} missing",
            hint="blackstart netboot --fetch downloads it, blackstart netboot --iso FILE unpacks a local ISO",
        )
    mark = folder / _MARK
    if mark.is_file() and (kept := mark.read_text().strip()) != netboot.iso_sha256:
        raise InputError(
            f"the live system in {folder} is of the ISO with SHA-256 {kept[:16]}…, wanted {netboot.iso_sha256[:16]}…",
            hint="blackstart netboot --fetch replaces it",
        )
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return {path.relative_to(folder).as_posix(): path for path in files if path != mark}


def require_pin(netboot: Netboot) -> None:
    """Raise InputError unless the inventory names the ISO's checksum."""
    if not _SHA256.fullmatch(netboot.iso_sha256):
        raise InputError(
            f"netboot_iso_sha256 is {netboot.iso_sha256 or 'empty'}, wanted the SHA-256 of {netboot.iso_url}",
            hint="it is in sha256sums.txt beside the ISO; verify that file's signature, then write the checksum into "
            "group_vars/all/netboot.yml",
        )


def fetch(desired: Cluster, say: Callable[[str], None]) -> Path:
    """Download the ISO that the inventory pins unless it exists, and unpack its live system; return the ISO."""
    require_pin(desired.netboot)
    url = desired.netboot.iso_url
    if not url.startswith("https://"):
        raise InputError(f"netboot_iso_url is {url or 'empty'}, wanted an address that begins with https://")
    iso = room(desired).parent / url.rpartition("/")[2]
    if not iso.is_file():
        say(f"downloading {url}")
        iso.parent.mkdir(parents=True, exist_ok=True)
        part = iso.with_name(f"{iso.name}.part")
        try:
            with urllib.request.urlopen(url) as answer, part.open("wb") as file:  # noqa: S310 - https, see above
                shutil.copyfileobj(answer, file, _PIECE)
        except OSError as error:
            raise InputError(
                f"{url} cannot be downloaded: {error}", hint="check the connection to the Internet"
            ) from error
        part.replace(iso)
    unpack(desired, iso, say)
    return iso


def unpack(desired: Cluster, iso: Path, say: Callable[[str], None]) -> None:
    """Unpack the live system of an ISO; InputError, and nothing is replaced, unless it is the pinned one."""
    require_pin(desired.netboot)
    wanted, found = desired.netboot.iso_sha256, _sha256(iso)
    if found != wanted:
        raise InputError(
            f"{iso} has SHA-256 {found}, wanted {wanted}",
            hint="it is another release, or damaged: delete it and download it again, or correct netboot_iso_sha256",
        )
    folder = room(desired)
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        process.run(["bsdtar", "-xf", iso, "-C", part, _TREE])
    except process.ProcessError as error:
        raise InputError(
            f"{iso} cannot be unpacked: {error.message}",
            hint="bsdtar is required: Debian libarchive-tools, Arch libarchive",
        ) from error
    (part / _MARK).write_text(f"{wanted}\n")
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)
    served(desired)
    say(f"the live system of {iso.name} is in {folder}")


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}", hint="name the ISO's file") from error
