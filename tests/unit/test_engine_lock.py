"""One run at a time: the lock names its holder and goes with its process, however that ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from blackstart.engine.lock import exclusive
from blackstart.errors import LockedError

if TYPE_CHECKING:
    from pathlib import Path

HOLDER = """
import sys, pathlib
from blackstart.engine.lock import exclusive
with exclusive(pathlib.Path(sys.argv[1]), "up"):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_held_lock_names_its_holder(tmp_path: Path) -> None:
    process = hold(tmp_path / "lock")
    try:
        with (
            pytest.raises(LockedError, match=rf"`up`, process {process.pid}, since 20"),
            exclusive(tmp_path / "lock", "plan"),
        ):
            pass
    finally:
        process.communicate()


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    process = hold(tmp_path / "lock")
    process.send_signal(signal.SIGKILL)
    process.communicate()
    with exclusive(tmp_path / "lock", "up"):
        assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o600
