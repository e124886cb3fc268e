"""Fetch the packages of a new system into memory, verify their signatures, and explain failures.

It runs in a systemd unit, so that a run which lost its connection can be stopped by name. The new system's
own keyring is made meanwhile: its key is an RSA key of 4096 bits, for which a slow machine looks half a minute.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from ..command import Ended, in_unit, run

if TYPE_CHECKING:
    from ..module import Module

# What pacman says (lib/libalpm/error.c, src/pacman/callback.c), and what it means for whom.
SIGNATURES = re.compile(
    r"missing required signature|signature from .* is |invalid or corrupted package|required key missing"
    # A signature that is not in the database is asked for beside the package; there is none.
    r"|failed retrieving file '\S+\.sig' from .* 404"
)
UNREACHABLE = re.compile(
    r"failed (retrieving file|to synchronize)[^\n]*|Could not resolve[^\n]*|Failed to connect[^\n]*"
)
UNKNOWN = re.compile(r"(target not found: \S+|unable to satisfy dependency[^\n]*)")
TROUBLE = re.compile(r"error:|.* exists in filesystem|.*: signature from")
NO_UNIT = 5  # systemctl's word for a unit that does not exist


def explain(ended: Ended) -> tuple[str, bool]:
    """Return what failed and what to do about it, and whether that is a refusal (pure)."""
    output, tail = ended.out + ended.err, ended.printed(pick=TROUBLE)
    if SIGNATURES.search(output):
        return (
            f"packages are not signed by a key that this live system trusts:\n{tail}\n"
            "wanted: what arch_siglevel demands. Is the mirror the one that is meant, the clock right, and the live "
            "system not older than the snapshot (its keyring)?"
        ), True
    if UNKNOWN.search(output):
        return (
            f"the snapshot lacks what is to be installed:\n{tail}\ncorrect arch_install_packages or arch_snapshot",
            False,
        )
    if UNREACHABLE.search(output):
        return (
            f"the package archive cannot be reached from the machine:\n{tail}\n"
            "see arch_mirror and arch_snapshot in the inventory, and try that address from another machine there"
        ), False
    return f"packages could not be fetched:\n{tail}", False


def listed(printed: str) -> tuple[dict[str, str], list[str]]:
    """Return files by package, from lines of a name and a URL, and the packages that are in no file here (pure)."""
    urls = dict(line.split(maxsplit=1) for line in printed.splitlines() if "://" in line)
    here = {name: url[len("file://") :] for name, url in urls.items() if url.startswith("file://")}
    return here, sorted(set(urls) - set(here))


class Packages:
    """The packages of one new system."""

    def __init__(self, module: Module) -> None:
        """Touch nothing yet."""
        self.module = module
        self.room = Path(module.params["room"])
        self.asked: list[str] = module.params["packages"]
        self.unit: str = module.params["unit"]

    def prepare(self) -> None:
        """Write pacman's configuration, and see that there is a keyring to prove signatures by."""
        (self.room / "database").mkdir(parents=True, exist_ok=True)
        (self.room / "pacman.conf").write_text(self.module.params["config"])
        done = self.room / "keyring"  # made here, and whole
        # The official live system makes its own in this unit, at its start.
        status, _, said = run(["systemctl", "start", "pacman-init.service"])
        if status not in {0, NO_UNIT}:
            text = f"the live system's pacman-init.service failed, so that it trusts no key: {said.strip()}"
            self.module.fail_json(msg=text)
        if status == NO_UNIT and not done.exists():
            for words in (["--init"], ["--populate", self.module.params["keyring"]]):
                self.must(run(["pacman-key", *words]))
            done.touch()

    def begin_keyring(self) -> None:
        """Have the new system's own made beside everything else; what an earlier try began or made stays."""
        words = ["systemd-run", "--quiet", "--no-block", "--remain-after-exit", f"--unit={self.unit}-keyring"]
        run([*words, "--property=Type=oneshot", "pacman-key", "--gpgdir", str(self.room / "gnupg"), "--init"])

    def fetch(self) -> None:
        """Have pacman fetch and verify them."""
        words = [*in_unit(self.unit), *self.pacman("--sync", "--refresh", "--downloadonly")]
        self.must(run([*words, "--noconfirm", "--noprogressbar", *self.asked]))

    def pacman(self, *words: str) -> list[str]:
        """Return a command on package lists of its own, which stand for a system without packages."""
        return ["pacman", *words, "--dbpath", str(self.room / "database"), "--config", str(self.room / "pacman.conf")]

    def files(self) -> dict[str, str]:
        """Return the files of all that is to be installed, by package."""
        words = self.pacman("--sync", "--print", "--print-format", "%n %l")
        here, missing = listed(self.must(run([*words, *self.asked])))
        if missing:
            self.module.fail_json(msg=f"pacman fetched all packages and has no file of {', '.join(missing)}")
        return here

    def dependencies(self, names: set[str]) -> list[str]:
        """Return those of the packages that were asked for neither by name nor by group."""
        groups = [name for name in self.asked if name not in names]
        members = self.must(run(self.pacman("--sync", "--groups", "--quiet") + groups)).split() if groups else []
        return sorted(names - set(self.asked) - set(members))

    def must(self, ended: Ended) -> str:
        """Return what a command printed; the task fails with its words, put in ours."""
        if ended.status != 0:
            text, refused = explain(ended)
            self.module.fail_json(msg=text, blackstart_refused=refused)
        return ended.out
