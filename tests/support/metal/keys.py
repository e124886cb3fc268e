"""The key that signs the practice packages, and the keyring (pacman-key(8)) by which pacman trusts it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from blackstart.engine import process
from blackstart.lab.parts import Part

if TYPE_CHECKING:
    from pathlib import Path

    from blackstart.lab.parts import Room

KEYRING = "archlinux"
OWNER = "Practice packages <practice@invalid>"


def part() -> Part:
    """Return a part with archlinux.gpg, archlinux-trusted, archlinux-revoked, and secret.gpg, which is as public."""
    return Part("keys", "the key of the practice packages", 1, {"owner": OWNER, "keyring": KEYRING}, _make)


def home(folder: Path, made: Path) -> dict[str, str]:
    """Import the secret key into a new GnuPG home; return the environment that has gpg use it."""
    folder.mkdir(mode=0o700)
    env = {"GNUPGHOME": str(folder)}
    process.run(["gpg", "--batch", "--quiet", "--import", made / "secret.gpg"], env=env)
    return env


def leave(folder: Path) -> None:
    """End the agent that gpg has started for this home, and remove it."""
    process.run(["gpgconf", "--homedir", folder, "--kill", "all"])
    shutil.rmtree(folder)


def _make(room: Room) -> None:
    folder = room.work / "gpg"
    folder.mkdir(mode=0o700)
    gpg = ["gpg", "--batch", "--quiet", "--homedir", str(folder)]
    process.run([*gpg, "--passphrase", "", "--quick-gen-key", OWNER, "ed25519", "sign", "never"])
    listed = process.run([*gpg, "--list-keys", "--with-colons"]).stdout
    fingerprint = next(line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:"))
    process.run([*gpg, "--output", str(room.out / f"{KEYRING}.gpg"), "--export", fingerprint])
    process.run([*gpg, "--output", str(room.out / "secret.gpg"), "--export-secret-keys", fingerprint])
    (room.out / f"{KEYRING}-trusted").write_text(f"{fingerprint}:4:\n")
    (room.out / f"{KEYRING}-revoked").write_text("")
    leave(folder)
