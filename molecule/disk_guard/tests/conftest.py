"""The practice disks of the node, looked at from outside, and the guard's own play as `blackstart up` runs it."""

from __future__ import annotations

import base64
import hashlib
import os
import shlex
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from blackstart import paths
from blackstart.engine import galaxy
from blackstart.engine.journal import Journal
from blackstart.engine.runner import Runner
from blackstart.step import Play

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from testinfra.host import Host

NODE = "melchior-1"
LABEL = Path(__file__).parents[1] / "files/label.py"
_PIECE = 1 << 20
# Says by systemd's own protocol that it has the disk (sd_notify(3)).
HOLD = """
import fcntl, os, socket, sys, time
disk = os.open(sys.argv[1], os.O_RDWR | os.O_EXCL)
fcntl.flock(disk, fcntl.LOCK_EX)
socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
time.sleep(600)
"""


class Disk:
    """One practice disk: `serial`, its place in the node, and the file of this machine that it is."""

    def __init__(self, host: Host, letter: str) -> None:
        """Take the disk by the last letter of its serial."""
        self.host = host
        self.serial = f"MELCHIOR1{letter}"
        self.id = f"nvme-PRACTICE_DISK_{self.serial}"
        self.path = f"/dev/disk/by-id/{self.id}"
        self.file = paths.state("molecule") / "nodes" / NODE / "disks" / self.serial

    def __str__(self) -> str:
        """Return its name below /dev/disk/by-id."""
        return self.id

    def run(self, script: str) -> None:
        """Run a script on the node, with $DISK as the disk."""
        self.host.check_output(f"DISK={self.path}; set -e; {script}")

    def blank(self) -> None:
        """Make it blank again."""
        self.run("blkdiscard --force $DISK; blockdev --flushbufs $DISK")

    def label(self, offset: int, fsid: str, osd: str) -> None:
        """Write a BlueStore label."""
        code = base64.b64encode(LABEL.read_bytes()).decode()
        self.run(f"echo {code} | base64 -d | python3 - $DISK {offset} {fsid} {osd}")

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Have a program on the node that has the disk as an OSD has it: exclusively, and locked."""
        unit = "practice-osd"
        argv = ["systemd-run", "--quiet", f"--unit={unit}", "--service-type=notify", "python3", "-c", HOLD, self.path]
        self.host.check_output(shlex.join(argv))
        try:
            yield
        finally:
            self.host.check_output(f"systemctl stop {unit}")

    def empty(self) -> bool:
        """Say whether nothing on it is anything but zero."""
        return self.content() == hashlib.sha256().hexdigest()

    def content(self) -> str:
        """Return a checksum of all that is on it and is not zero, with where it is."""
        self.run("sync; blockdev --flushbufs $DISK")
        found = hashlib.sha256()
        with self.file.open("rb", buffering=0) as file:
            end, at = file.seek(0, os.SEEK_END), 0
            while at < end:
                try:
                    at = os.lseek(file.fileno(), at, os.SEEK_DATA)
                except OSError:  # nothing but holes from here on
                    break
                at -= at % _PIECE
                piece = os.pread(file.fileno(), _PIECE, at)
                if piece.strip(b"\0"):
                    found.update(f"{at}\0".encode() + piece)
                at += _PIECE
        return found.hexdigest()


@pytest.fixture
def disks(host: Host) -> Iterator[tuple[Disk, Disk]]:
    """Hand out the node's two disks for Ceph; they are blank before and after."""
    both = (Disk(host, "B"), Disk(host, "C"))
    for disk in both:
        disk.blank()
    yield both
    for disk in both:
        disk.blank()


@pytest.fixture
def first(disks: tuple[Disk, Disk]) -> Disk:
    return disks[0]


@pytest.fixture
def second(disks: tuple[Disk, Disk]) -> Disk:
    return disks[1]


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., Journal]:
    """Run the guard's play with some variables, through the door that `blackstart up` has; return the journal."""
    cluster = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "cluster"

    def run(**variables: object) -> Journal:
        journal = Journal(tmp_path / "run")
        runner = Runner([cluster], paths.state("molecule"), journal, galaxy.ensure())
        runner.play([Play("disk_guard", limit=(NODE,), variables=variables)], {})
        return journal

    return run


@pytest.fixture
def named(disks: tuple[Disk, Disk]) -> Callable[..., dict[str, Any]]:
    """Return the node's disks as an inventory has them, the first one with `wipe` as given."""

    def inventory(*, wipe: str = "") -> dict[str, Any]:
        ceph = [{"id": disk.id, "serial": disk.serial, "size_gb": 6} for disk in disks]
        ceph[0]["wipe"] = wipe
        return {"boot": {"id": "nvme-PRACTICE_DISK_MELCHIOR1A", "serial": "MELCHIOR1A", "size_gb": 4}, "ceph": ceph}

    return inventory
