"""Erase one disk, give it an EFI system partition and a root, and mount both; sure of the disk once more.

Judged it was by blackstart_erasable; between that and this a name can have come to point at another disk.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..command import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..module import Module

ESP = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
ROOT = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"  # of x86-64, by which systemd knows it (the Discoverable Partitions Spec)
SECONDS = 60
MKFS = {"ext4": ("mkfs.ext4", "-q", "-F", "-L", "root"), "xfs": ("mkfs.xfs", "-q", "-f", "-L", "root")}


def wrong(listed: dict[str, Any], serial: str, size: int) -> list[str]:
    """Return what tells a disk, as lsblk lists it, from the one that was judged (pure)."""
    disk = listed["blockdevices"][0]
    seen = {
        "type": (disk["type"], "disk"),
        "serial number": (disk["serial"], serial),
        "size": (int(disk["size"]), size),
    }
    return [f"its {what} is {have}, judged was {want}" for what, (have, want) in seen.items() if have != want]


def missing(listed: dict[str, Any]) -> list[str]:
    """Return which of the two partitions is not as wanted (pure)."""
    # lsblk lists them as the kernel's folders come, not by their numbers.
    children = sorted(listed["blockdevices"][0].get("children", []), key=lambda part: part["name"])
    parts = [part.get("parttype") for part in children]
    return [] if parts == [ESP, ROOT] else [f"found partitions of the types {parts}, wanted {[ESP, ROOT]}"]


class BootDisk:
    """The disk, by its name."""

    def __init__(self, module: Module) -> None:
        """Touch nothing yet."""
        self.module = module
        self.path: str = module.params["disk"]

    def run(self, *words: str) -> str:
        """Run a command; the task fails with what it said."""
        ended = run(words)
        if ended.status != 0:
            self.module.fail_json(msg=f"{' '.join(words[:2])} failed on {self.path}: {ended.printed()}")
        return ended.out

    def look(self) -> dict[str, Any]:
        """List the disk and its partitions."""
        columns = "NAME,TYPE,SERIAL,SIZE,PARTTYPE"
        found: dict[str, Any] = json.loads(self.run("lsblk", "--json", "--bytes", "--output", columns, self.path))
        return found

    def make_sure(self) -> None:
        """Refuse unless it is the judged disk, and the kernel gives it to us alone."""
        said = wrong(self.look(), self.module.params["serial"], self.module.params["size_bytes"])
        try:
            # For reading: udev rereads the table when a writer closes the device (see locked()).
            os.close(os.open(self.path, os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC))
        except OSError as error:
            said.append("somebody uses it" if error.errno == errno.EBUSY else str(error.strerror))
        if said:
            text = f"{self.path} is not the disk that was judged: {'; '.join(said)}. Nothing was written to it"
            self.module.fail_json(msg=text, blackstart_refused=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep udev off the disk: after each write it rereads the table, and for a moment there are no partitions.

        See https://systemd.io/BLOCK_DEVICE_LOCKING; closing a device that was open for reading triggers nothing.
        """
        descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def partition(self) -> None:
        """Write the table and see that the kernel has it."""
        self.run("udevadm", "settle", f"--timeout={SECONDS}")
        with self.locked():
            self.write()
        parts = self.parts()
        self.run("udevadm", "wait", "--settle", f"--timeout={SECONDS}", *parts)
        self.run("wipefs", "--all", "--force", *parts)
        self.run("sgdisk", "--verify", self.path)
        if said := missing(self.look()):
            self.module.fail_json(msg=f"{self.path} was partitioned, and it is not so: {'; '.join(said)}")

    def write(self) -> None:
        """Wipe what there is, write the table, and have the kernel read it."""
        # An old mark that lies where a new partition begins would be taken up (LVM, RAID) as soon as that is there.
        old = sorted(str(path) for path in Path(self.path).parent.glob(f"{Path(self.path).name}-part*"))
        self.run("wipefs", "--all", "--force", *old, self.path)
        self.run("sgdisk", "--zap-all", self.path)
        # Not with --quiet: then it does nothing and says that all is well (gptfdisk 1.0.9).
        first = ("--new=1:0:+{}M".format(self.module.params["esp_mib"]), "--typecode=1:ef00", "--change-name=1:ESP")
        second = ("--new=2:0:0", "--typecode=2:8304", "--change-name=2:root")
        self.run("sgdisk", *first, *second, self.path)
        # Not by partprobe: it waits for udev, which waits for our lock.
        self.run("blockdev", "--rereadpt", self.path)

    def parts(self) -> list[str]:
        """Return the paths of the EFI system partition and the root."""
        return [f"{self.path}-part{number}" for number in (1, 2)]

    def fill(self) -> dict[str, str]:
        """Make both file systems and mount them; return their UUIDs."""
        (esp, root), target = self.parts(), self.module.params["target"]
        self.run("mkfs.vfat", "-F", "32", "-n", "ESP", esp)
        self.run(*MKFS[self.module.params["filesystem"]], root)
        self.run("mount", "--mkdir", root, target)
        self.run("mount", "--mkdir", "--options", "umask=0077", esp, f"{target}/boot")
        read = ("blkid", "--probe", "--output", "value", "--match-tag", "UUID")
        return {"esp": self.run(*read, esp).strip(), "root": self.run(*read, root).strip()}
