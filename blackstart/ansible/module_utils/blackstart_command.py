"""Run a command of the node and have all that it printed.

Modules import it as ansible.module_utils.blackstart_command. It stands in for AnsibleModule.run_command, which waits a
second for output, then asks whether the command has ended, and does not look once more: on a busy machine nothing comes
back of what was printed, with status 0 (https://github.com/ansible/ansible/issues/51393). lsblk was seen to end so.
"""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

NOT_FOUND = 127  # as shells have it


class Ended(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


def run(words: Sequence[str]) -> Ended:
    """Run a command to its end, in a locale whose words are English; one that is missing ended with NOT_FOUND."""
    # Not LANG=C: bsdtar then fails on file names that are not ASCII.
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "LANGUAGE": "C"}
    try:
        done = subprocess.run(  # noqa: S603 - the caller's command line without a shell
            list(words), stdin=subprocess.DEVNULL, capture_output=True, check=False, env=environment
        )
    except FileNotFoundError:
        return Ended(NOT_FOUND, "", f"{words[0]}: not found")
    return Ended(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))
