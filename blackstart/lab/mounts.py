"""Finding mounts and loop devices below one of our folders in the kernel's lists, and removing them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from blackstart.engine import process
from blackstart.lab import loops


def below(folder: Path, mountinfo: str) -> list[Path]:
    """Return the mount points in folder, deepest first (pure); mountinfo is the text of /proc/self/mountinfo."""
    points = (Path(_unescaped(line.split()[4])) for line in mountinfo.splitlines())
    return sorted((point for point in points if point.is_relative_to(folder)), reverse=True)


def remove_tree(folder: Path) -> None:
    """Remove folder with all it holds, after detaching what is mounted in it: nothing outside is ever deleted."""
    whole = folder.resolve()
    for point in below(whole, Path("/proc/self/mountinfo").read_text()):
        process.run(["umount", point])
    for number, backing in loops.attached().items():
        if Path(backing).is_relative_to(whole):
            loops.detach(number)
    if whole.exists():
        shutil.rmtree(whole)


def _unescaped(word: str) -> str:
    # proc_pid_mountinfo(5): space, tab, newline and backslash are written as three octal digits
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), word)
