"""What `make test` runs: three pytest processes side by side; arguments are given to each.

The emulated machine and Ceph mostly wait, and so do many unit tests: they go beside the rest, whose output is shown as
it comes. Theirs is shown as soon as they end.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, NamedTuple

REST = ("molecule", "lab", "e2e")
BESIDE = (("unit", "contracts", "linters"), ("metal", "ceph"))
NOTHING_RUN = 5  # pytest's exit status when no test was selected


class Run(NamedTuple):
    """One pytest process; `said` is the file of its output, None when it goes to our own."""

    process: subprocess.Popen[bytes]
    said: IO[bytes] | None


def main(arguments: list[str]) -> int:
    """Run all to their ends; return the first status that is not 0. Ctrl-C reaches each, and their fixtures end."""
    runs = [_start(arguments, REST), *(_start(arguments, folders, apart=True) for folders in BESIDE)]
    ended: list[Run] = []
    while left := [run for run in runs if run not in ended]:
        try:
            time.sleep(0.5)
            for run in left:
                if run.process.poll() is not None:
                    ended.append(run)
                    _show(run)
        except KeyboardInterrupt:
            for run in left:
                run.process.send_signal(signal.SIGINT)
    statuses = [run.process.returncode for run in runs]
    return next((status for status in statuses if status not in {0, NOTHING_RUN}), 0)


def _start(arguments: list[str], folders: tuple[str, ...], *, apart: bool = False) -> Run:
    argv = [sys.executable, "-m", "pytest", *arguments, *(str(Path(__file__).parent / name) for name in folders)]
    said = tempfile.TemporaryFile() if apart else None  # noqa: SIM115 - open until it is shown
    # In a session of its own a terminal's Ctrl-C reaches it once, from here: a second one would end fixtures early.
    process = subprocess.Popen(argv, stdout=said, stderr=subprocess.STDOUT if said else None, start_new_session=True)
    return Run(process, said)


def _show(run: Run) -> None:
    if run.said:
        run.said.seek(0)
        sys.stdout.buffer.write(b"\n" + run.said.read())
        sys.stdout.flush()
        run.said.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
