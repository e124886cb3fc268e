"""The machine's limit on inotify instances, raised while practice nodes are up.

Each node's systemd and each Cilium agent hold several; Linux allows a user 128, and the agent that comes too late dies
with "too many open files" (kernel Documentation/admin-guide/sysctl/fs.rst).
"""

from __future__ import annotations

from pathlib import Path

LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")
BEFORE = Path("/run/blackstart-inotify-instances")  # forgotten at the machine's next boot, as the limit itself is
ENOUGH = 1024


def raise_limit(limit: Path = LIMIT, before: Path = BEFORE) -> None:
    """Raise the limit to ENOUGH unless it is there already, and keep what it was."""
    value = limit.read_text().strip()
    if int(value) < ENOUGH:
        before.write_text(value)
        limit.write_text(str(ENOUGH))


def restore_limit(limit: Path = LIMIT, before: Path = BEFORE) -> None:
    """Put back what raise_limit found."""
    if before.exists():
        limit.write_text(before.read_text())
        before.unlink()
