"""Programs that go on by themselves (QEMU, dnsmasq): found again by their pid file, and ended by their pid alone."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

_SECONDS = 20.0


def pid(file: Path) -> int:
    """Return the pid of the program that wrote this pid file; 0 when it has ended, even if its number was reused.

    It is known by its own arguments, which name the file.
    """
    try:
        number = int(file.read_text())
        arguments = Path("/proc", str(number), "cmdline").read_bytes()
    except (OSError, ValueError):
        return 0
    return number if str(file).encode() in arguments else 0


def end(file: Path, with_signal: int = signal.SIGTERM) -> None:
    """Stop the program, if it runs, and return when it has ended."""
    limit = time.monotonic() + _SECONDS
    if number := pid(file):
        os.kill(number, with_signal)
    while pid(file):
        if time.monotonic() > limit:
            raise TimeoutError(f"process {number} of {file} does not end")
        time.sleep(0.02)
    file.unlink(missing_ok=True)
