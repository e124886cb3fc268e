"""Set the I/O scheduler of disks that are named by their links in /dev/disk/by-id, as the kernel has it now."""

from __future__ import annotations

import re
from pathlib import Path

BY_ID = Path("/dev/disk/by-id")
BLOCK = Path("/sys/block")


def offered(text: str) -> tuple[str, list[str]]:
    """Return the scheduler in use and all that the kernel offers (pure): "none [mq-deadline]" or a single "none"."""
    words = re.findall(r"[\w-]+", text)
    used = re.search(r"\[([\w-]+)\]", text)
    return used[1] if used else "".join(words[:1]), words


def ensure(disk: str, scheduler: str, *, dry: bool) -> bool:
    """Set one disk's scheduler; return whether it was another. ValueError when the kernel has no such scheduler."""
    name = (BY_ID / disk).resolve(strict=True).name
    file = BLOCK / name / "queue/scheduler"
    used, words = offered(file.read_text())
    if used == scheduler:
        return False
    if scheduler not in words:
        raise ValueError(f"{disk} ({name}): the kernel offers {', '.join(words)}, wanted {scheduler}")
    if not dry:
        file.write_text(scheduler)
    return True
