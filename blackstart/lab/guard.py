"""Keeps the disks of this machine out of reach of practice nodes.

Nodes are privileged containers, and such a container can open every disk of the machine. All of them are therefore
made below one parent control group that denies devices to whatever runs in it. The rule sits above the containers:
there is no moment without it, a power cycle does not lose it, and nothing inside can lift it (systemd in a node does
write "allow all" to its own group, and gets no more than the parent has).

A second, independent proof is the node's first program (node/root/usr/local/sbin/blackstart-node-init): it tries to
open every disk it can see and refuses to boot when one opens, however the container was started.

The loop devices that are RESERVED for practice disks (blackstart/lab/disks.py) are the one exception.

Run so far: control groups version 1 only. Version 2 follows systemd.resource-control(5) and has not been run.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Protocol

from blackstart.engine import process
from blackstart.errors import RefusedError

CGROUPS = Path("/sys/fs/cgroup")
# Character devices that a node and its pods need, by major number (kernel Documentation/admin-guide/devices.txt):
# memory (null, zero, random, kmsg), tty (console, ptmx), misc, and the two of pseudo-terminals.
_MEM, _MISC = 1, 10
_LOOP = 7  # the block major of loop devices; without partitions the minor is the device's number
_BLOCK_MAJORS = 512  # BLKDEV_MAJOR_MAX in block/genhd.c: no driver gets a higher one
RESERVED = range(64, 128)  # loop devices for practice disks; those below are the machine's
_NEEDED_MAJORS = frozenset({_MEM, 5, _MISC, 128, 136})
_NEEDED_MISC = frozenset({"tun", "fuse"})
_LEAVE_SECONDS = 10.0
_RAW_MEMORY_MINORS = (1, 2, 4)  # /dev/mem, /dev/kmem, /dev/port


class Guard(Protocol):
    """One way to keep devices from a container: `engine` are podman's global options, `create` those of its create."""

    engine: tuple[str, ...]
    create: tuple[str, ...]

    def apply(self) -> None:
        """Apply the rule; called before every start of a node, changes nothing when it is applied already."""

    def remove(self) -> None:
        """Remove the parent group; called when none of our containers is left."""

    def memory(self, container: str) -> int:
        """Return what the processes of a running container hold, in bytes, by its id; file caches do not count."""


class CgroupV1Guard:
    """A parent group in the devices hierarchy whose exceptions all children copy (kernel cgroup-v1/devices.txt)."""

    engine: tuple[str, ...] = ("--cgroup-manager", "cgroupfs")
    create: tuple[str, ...] = ("--cgroup-parent", "/blackstart-lab")

    def __init__(self, root: Path = CGROUPS, proc: Path = Path("/proc")) -> None:
        """Work on the hierarchies below root, with the device numbers that proc tells."""
        self._root = root
        self._proc = proc

    def apply(self) -> None:
        """Write one denial after the other; nothing is ever allowed again, so each stays in force from then on."""
        require_plain_loops()
        group = self._root / "devices" / "blackstart-lab"
        group.mkdir(exist_ok=True)
        with (group / "devices.deny").open("ab", buffering=0) as deny:  # one write is one rule
            for rule in denials((self._proc / "devices").read_text(), (self._proc / "misc").read_text()):
                deny.write(f"{rule}\n".encode())

    def remove(self) -> None:
        """Remove the group from every hierarchy, deepest first: nodes leave empty groups of their pods behind."""
        end = time.monotonic() + _LEAVE_SECONDS
        while groups := list(self._root.glob("*/blackstart-lab")):
            try:
                for folder in (folder for group in groups for folder, _, _ in os.walk(group, topdown=False)):
                    Path(folder).rmdir()
            except OSError:  # the last process of a container is still on its way out
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def memory(self, container: str) -> int:
        """Read the container's group in the memory hierarchy; the total_ fields include the groups below it."""
        group = self._root / "memory" / "blackstart-lab" / f"libpod-{container}"
        return _sum((group / "memory.stat").read_text(), {"total_rss", "total_shmem"})


class CgroupV2Guard:
    """A systemd slice with a device list: systemd attaches it as a program that counts for all groups below."""

    engine: tuple[str, ...] = ("--cgroup-manager", "systemd")
    create: tuple[str, ...] = ("--cgroup-parent", "blackstart.slice")

    def __init__(self, unit: Path = Path("/run/systemd/system/blackstart.slice")) -> None:
        """Keep the slice's unit in a file that a reboot of the machine takes away."""
        self._unit = unit

    def apply(self) -> None:
        """Write and start the slice."""
        require_plain_loops()
        if not self._unit.parent.is_dir():
            raise RefusedError(
                "this machine has control groups version 2 but no systemd that could deny its disks to the nodes",
                hint="run the lab on a machine (or virtual machine) that was booted with systemd",
            )
        if not self._unit.exists() or self._unit.read_text() != SLICE:
            self._unit.write_text(SLICE)
            process.run(["systemctl", "daemon-reload"])
        process.run(["systemctl", "start", self._unit.name])

    def remove(self) -> None:
        """Stop the slice and forget it."""
        if self._unit.exists():
            process.run(["systemctl", "stop", self._unit.name])
            self._unit.unlink()
            process.run(["systemctl", "daemon-reload"])

    def memory(self, container: str) -> int:
        """Read the container's scope in the slice; in version 2 every field includes the groups below."""
        scope = CGROUPS / self._unit.name / f"libpod-{container}.scope"
        return _sum((scope / "memory.stat").read_text(), {"anon", "shmem"})


SLICE = """\
[Unit]
Description=Practice nodes of blackstart, without the machine's disks

[Slice]
DevicePolicy=closed
DeviceAllow=char-pts rwm
DeviceAllow=/dev/console rwm
DeviceAllow=/dev/fuse rwm
DeviceAllow=/dev/kmsg rwm
DeviceAllow=/dev/net/tun rwm
DeviceAllow=/dev/ptmx rwm
DeviceAllow=/dev/tty rwm
DeviceAllow=char-* m
DeviceAllow=block-* m
"""
# systemd takes the numbers from such a name, whether the device exists or not (systemd.resource-control(5)).
SLICE += "".join(f"DeviceAllow=/dev/block/{_LOOP}:{number} rw\n" for number in RESERVED)


def denials(devices: str, misc: str) -> list[str]:
    """Return the rules for devices.deny from the texts of /proc/devices and /proc/misc (pure).

    Every block device that a driver could ever have, but the RESERVED loops and those above, which disks.ensure finds
    to be ours; and every character device but the needed ones: a disk can be written through NVMe's and SCSI's
    character devices too. Making device nodes stays allowed.
    """
    # Majors one by one: version 1 knows no exception to a denial, and a denial lifted for a moment is none.
    rules = [f"b {major}:* rw" for major in range(_BLOCK_MAJORS) if major != _LOOP]
    rules += [f"b {_LOOP}:{minor} rw" for minor in range(RESERVED.start)]
    characters = devices.partition("Block devices:")[0]
    majors = {int(number) for number in re.findall(r"^\s*(\d+) ", characters, re.MULTILINE)}
    rules += [f"c {major}:* rw" for major in sorted(majors - _NEEDED_MAJORS)]
    rules += [f"c {_MEM}:{minor} rw" for minor in _RAW_MEMORY_MINORS]
    entries = re.findall(r"^\s*(\d+) (\S+)", misc, re.MULTILINE)
    rules += [f"c {_MISC}:{minor} rw" for minor, name in entries if name not in _NEEDED_MISC]
    return rules


def require_plain_loops(parameter: Path = Path("/sys/module/loop/parameters/max_part")) -> None:
    """Raise RefusedError where loop devices have room for partitions: their minors are then not their numbers."""
    if parameter.exists() and (found := parameter.read_text().strip()) != "0":
        raise RefusedError(
            f"this machine's loop devices have room for {found} partitions each, wanted 0: they cannot be told apart",
            hint="start it without loop.max_part on the kernel's command line or in /etc/modprobe.d",
        )


def _sum(stat: str, wanted: set[str]) -> int:
    return sum(int(value) for name, value in map(str.split, stat.splitlines()) if name in wanted)


def find(root: Path = CGROUPS) -> Guard:
    """Return the guard for this machine's control groups; RefusedError when neither version is there."""
    if (root / "cgroup.controllers").exists():
        return CgroupV2Guard()
    if (root / "devices" / "devices.deny").exists():
        return CgroupV1Guard(root)
    raise RefusedError(
        f"no control groups that can deny a device were found at {root}: a node could write this machine's disks",
        hint="mount the devices hierarchy (version 1) or use a machine that was booted with systemd (version 2)",
    )
