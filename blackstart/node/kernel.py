"""Bring the running kernel to what the next start will bring: host name, modules, settings; and look at its swap.

In a container nothing can be loaded, and nothing has to be where the machine's kernel has the function: so it is the
function that is looked for. A kernel that cannot load modules at all has no /proc/modules.
"""

from __future__ import annotations

import platform
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from .command import run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .module import Module

# Where a function shows that is built in: not every one has a folder below /sys/module.
SIGNS = {
    "br_netfilter": Path("/proc/sys/net/bridge"),
    "nf_conntrack": Path("/proc/sys/net/netfilter/nf_conntrack_max"),
    "rbd": Path("/sys/bus/rbd"),
}


def present(name: str) -> bool:
    """Tell whether a module's function is in the running kernel, loaded or built in."""
    if Path("/sys/module", name).exists() or name in Path("/proc/filesystems").read_text().split():
        return True
    return name in SIGNS and SIGNS[name].exists()


def sysctl_path(name: str) -> Path:
    """Return a setting's file; as in sysctl.d(5) a dot parts the name (pure)."""
    return Path("/proc/sys", *name.split("."))


def swaps(text: str) -> list[str]:
    """Return the devices and files in use as swap out of /proc/swaps (pure)."""
    return [line.split()[0] for line in text.splitlines()[1:] if line.split()]


class Kernel:
    """The running kernel, and what it lacks."""

    def __init__(self, module: Module) -> None:
        """Read nothing yet."""
        self.module = module
        self.done: list[str] = []

    def loadable(self, names: Iterable[str]) -> list[str]:
        """Return the modules that modprobe would find; what is built in counts as well, and loads as nothing."""
        return [name for name in names if run(["modprobe", "-n", "-q", name]).status == 0]

    def name(self, wanted: str) -> None:
        """Take the name of /etc/hostname now; hostnamed picks it up."""
        if socket.gethostname() != wanted:
            self.done.append(f"named {wanted}")
            if not self.module.check_mode:
                socket.sethostname(wanted)

    def load(self, required: list[str], optional: list[str], file: Path) -> list[str]:
        """Load what can be loaded, name it for the next start; return what this kernel does not have."""
        # A module that systemd is asked to load and cannot find makes the whole start "degraded": only these are named.
        loadable = self.loadable([*required, *optional])
        absent = [name for name in [*required, *optional] if not present(name)]
        missing = [name for name in absent if name not in loadable]
        if lost := [name for name in required if name in missing]:
            release = platform.release()
            gone = "" if Path("/lib/modules", release).is_dir() else f" (/lib/modules/{release} is gone: upgraded?)"
            self.module.fail_json(
                msg=f"kernel {release} has no {', '.join(lost)}, neither built in nor to be loaded{gone}. "
                "If its package was upgraded since the last start, restart the machine, then run again"
            )
        text = "".join(f"{name}\n" for name in loadable)
        stale = (file.read_text() if file.exists() else "") != text
        loading = [name for name in absent if name in loadable]
        self.done += [f"loaded {name}" for name in loading] + [f"wrote {file}"] * stale
        if not self.module.check_mode:
            for name in loading:
                ended = run(["modprobe", name])
                if ended.status != 0:
                    self.module.fail_json(msg=f"modprobe {name} failed: {ended.said()}")
            if stale:
                file.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                file.write_text(text)
        return missing

    def set(self, settings: Mapping[str, object]) -> None:
        """Write the settings that differ; fails the module for one that this kernel does not have or keeps."""
        for name, value in settings.items():
            path = sysctl_path(name)
            try:
                if path.read_text().split() == str(value).split():
                    continue
                self.done.append(f"set {name} to {value}")
                if not self.module.check_mode:
                    path.write_text(str(value))
            except OSError as error:
                self.module.fail_json(msg=f"kernel setting {name} cannot be {value}: {error.strerror}")
