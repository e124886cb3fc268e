"""What `make test` runs: two pytest processes side by side; arguments are given to both.

The emulated machine and Ceph mostly wait, so they go beside the rest, and what they say is shown at its end.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO

BESIDE = ("metal", "ceph")
REST = ("unit", "contracts", "linters", "molecule", "lab", "e2e")
NOTHING_RUN = 5  # pytest's exit status when no test was selected


def main(arguments: list[str]) -> int:
    """Run both to their ends; return the first status that is not 0. Ctrl-C reaches both, and their fixtures end."""
    room = Path(__file__).parent
    with tempfile.TemporaryFile() as said:
        beside = _start(arguments, [room / name for name in BESIDE], stdout=said, stderr=subprocess.STDOUT)
        rest = _start(arguments, [room / name for name in REST])
        statuses: list[int] = []
        while len(statuses) < 2:
            try:
                statuses = [rest.wait(), beside.wait()]
            except KeyboardInterrupt:
                for process in (rest, beside):
                    process.send_signal(signal.SIGINT)
        said.seek(0)
        sys.stdout.buffer.write(said.read())
        sys.stdout.flush()
    return next((status for status in statuses if status not in {0, NOTHING_RUN}), 0)


def _start(
    arguments: list[str], folders: list[Path], *, stdout: IO[bytes] | None = None, stderr: int | None = None
) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "pytest", *arguments, *map(str, folders)]
    # In a session of its own a terminal's Ctrl-C reaches it once, from here: a second one would end fixtures early.
    return subprocess.Popen(argv, stdout=stdout, stderr=stderr, start_new_session=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
