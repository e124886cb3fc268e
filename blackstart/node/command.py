"""The one door to programs on a node: run one, and have all that it printed.

It stands in for AnsibleModule.run_command, which waits a second for output, then asks whether the command has ended,
and does not look once more: on a busy machine nothing comes back of what was printed, with status 0
(https://github.com/ansible/ansible/issues/51393). lsblk was seen to end so.
"""

from __future__ import annotations

import errno
import os
import subprocess
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from re import Pattern

NOT_FOUND = 127  # as shells have it
TIMED_OUT = 124  # as timeout(1) has it
LOCALE = "C.UTF-8"  # not C: bsdtar then fails on file names that are not ASCII


def in_unit(name: str) -> list[str]:
    """Return the words before a command that run it in a unit of its own and wait: it can be ended by that name."""
    words = ["systemd-run", "--quiet", "--wait", "--collect", "--pipe", f"--unit={name}"]
    return [*words, f"--setenv=LC_ALL={LOCALE}"]


class Ended(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str

    def said(self, lines: int = 4) -> str:
        """Return the last lines of what it said of itself; never nothing."""
        return "\n".join(self.err.strip().splitlines()[-lines:]) or "it said nothing"

    def printed(self, lines: int = 8, pick: Pattern[str] | None = None) -> str:
        """Return the last lines of all that it printed, of those that match when there are any; never nothing."""
        found = (self.out + self.err).strip().splitlines()
        picked = [line for line in found if pick is not None and pick.match(line)]
        return "\n".join((picked or found)[-lines:]) or "it said nothing"


def run(
    words: Sequence[str],
    *,
    stdin: str = "",
    seconds: float | None = None,
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run a command to its end, in a locale whose words are English; environment adds to the module's own.

    One that is missing ended with NOT_FOUND, one that was ended after so many seconds with TIMED_OUT.
    """
    told = {**os.environ, "LC_ALL": LOCALE, "LANGUAGE": "C", **(environment or {})}
    try:
        done = subprocess.run(  # noqa: S603 - the caller's command line without a shell
            list(words), input=stdin.encode(), capture_output=True, check=False, env=told, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        return Ended(TIMED_OUT, "", f"it took longer than {seconds:.0f} s")
    except OSError as error:
        return Ended(NOT_FOUND, "", f"{words[0]}: not found" if error.errno == errno.ENOENT else str(error))
    return Ended(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))


def output(words: Sequence[str], seconds: float = 5.0) -> str:
    """Return what a program prints, for a look that can do without; nothing when it is missing, fails or is slow."""
    ended = run(words, seconds=seconds)
    return ended.out if ended.status == 0 else ""
