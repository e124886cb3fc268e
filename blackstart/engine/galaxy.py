"""The Ansible collections that the roles need, where Galaxy is out of reach too.

Ansible Galaxy is asked first, with requirements.yml. Where it does not answer, they come out of the community package
`ansible` on PyPI, the only other carrier of released collections: one wheel, pinned by its SHA-256, of which only what
is needed is unpacked (54 MB to fetch, 10 MB kept). Either way they end up in the cache, complete or not at all.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import socket
import sys
import tempfile
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from blackstart import paths
from blackstart.engine import process
from blackstart.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

# The newest `ansible` for ansible-core 2.19; it carries community.general 11.4.2. Pinned here and in no other place.
CARRIER = "ansible==12.3.0 --hash=sha256:cd156f82fa87f7a899212b0efa9f7ca3a24d609212de9f78428a572eb01e5414"
GALAXY = ("galaxy.ansible.com", 443)
_PATIENCE = 3.0  # seconds for Galaxy to take a connection; a network without a route would hang for minutes


def ensure() -> Path:
    """Return the folder for ANSIBLE_COLLECTIONS_PATH, with every collection of requirements.yml in it.

    Costs some milliseconds when they are there. Raises InputError when neither Galaxy nor PyPI has them.
    """
    folder = paths.cache() / "collections"
    stamp = _stamp()
    if _is_whole(folder, stamp):
        return folder
    with _locked(folder.with_suffix(".lock")):
        if not _is_whole(folder, stamp):  # another process may have brought them meanwhile
            _provide(folder, stamp)
    return folder


def _stamp() -> str:
    """Return what the cached collections must have been made from; another text makes them stale."""
    return hashlib.sha256((paths.share() / "requirements.yml").read_bytes() + CARRIER.encode()).hexdigest()


def _is_whole(folder: Path, stamp: str) -> bool:
    try:
        return (folder / "stamp").read_text() == stamp
    except OSError:
        return False


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _provide(folder: Path, stamp: str) -> None:
    """Put the collections into a folder beside the real one, then swap: a half-written one is never used."""
    with tempfile.TemporaryDirectory(prefix="collections-", dir=folder.parent) as name:
        fresh = Path(name) / "fresh"
        fresh.mkdir()
        if not (_galaxy_answers() and _from_galaxy(fresh)):
            _from_carrier(fresh, Path(name))
        (fresh / "stamp").write_text(stamp)
        if folder.exists():
            folder.rename(Path(name) / "stale")
        fresh.rename(folder)


def _galaxy_answers() -> bool:
    try:
        with socket.create_connection(GALAXY, timeout=_PATIENCE):
            return True
    except OSError:
        return False


def _from_galaxy(fresh: Path) -> bool:
    """Install from Galaxy; False when it answers but does not deliver (a proxy's login page, a broken mirror)."""
    program = Path(sys.executable).with_name("ansible-galaxy")
    wanted = paths.share() / "requirements.yml"
    try:
        process.run([program, "collection", "install", "--no-deps", "-r", wanted, "-p", fresh], timeout=300)
    except process.ProcessError:
        shutil.rmtree(fresh)
        fresh.mkdir()
        return False
    return True


def _from_carrier(fresh: Path, work: Path) -> None:
    """Unpack the collections of requirements.yml out of the `ansible` wheel, which pip checks against its hash."""
    (work / "carrier.txt").write_text(f"{CARRIER}\n")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    pip += ["--only-binary=:all:", "--require-hashes", "--dest", str(work), "-r", str(work / "carrier.txt")]
    try:
        process.run(pip, timeout=900)
    except process.ProcessError as error:
        raise InputError(
            f"the Ansible collections can be had neither from {GALAXY[0]} nor from PyPI: {error.output.strip()}",
            hint=f"run blackstart once where there is a network and copy {paths.cache() / 'collections'} from there",
        ) from error
    wheel = next(work.glob("ansible-*.whl"))
    wanted = _wanted()
    with zipfile.ZipFile(wheel) as archive:
        prefixes = tuple(f"ansible_collections/{name.replace('.', '/')}/" for name in wanted)
        archive.extractall(fresh, [name for name in archive.namelist() if name.startswith(prefixes)])
    for name in wanted:
        if not (fresh / "ansible_collections" / name.replace(".", "/") / "MANIFEST.json").is_file():
            raise InputError(
                f"{wheel.name} does not carry the collection {name}",
                hint="name only collections of the community package in requirements.yml",
            )


def _wanted() -> list[str]:
    document = yaml.safe_load((paths.share() / "requirements.yml").read_text())
    return [str(entry["name"]) for entry in document["collections"]]
