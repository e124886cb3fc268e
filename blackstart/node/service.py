"""Have a unit enabled and running with its newest files.

Whether it must be restarted is seen on the node: a file that is newer than the unit's last start or reload. A handler
would forget it when the run is cut off between writing the file and restarting.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .command import run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .module import Module

PROPERTIES = ("LoadState", "ActiveState", "UnitFileState", "NeedDaemonReload", "StateChangeTimestampMonotonic")
UNITS_LOADED = "UnitsLoadTimestampMonotonic"  # systemd's own last reload
UNIT_FOLDER = "/etc/systemd/system/"
# States of units that cannot be enabled, or need not be (systemctl(1), is-enabled).
SETTLED = frozenset({"enabled", "alias", "static", "indirect", "generated"})
RUNNING = frozenset({"active", "reloading", "activating"})


def newest(files: Sequence[str]) -> float:
    """Return when the newest of the files was written, in seconds since the epoch; 0 when none is there."""
    return max((path.stat().st_mtime for path in map(Path, files) if path.exists()), default=0.0)


def epoch(monotonic: str) -> float:
    """Return one of systemd's monotonic times (microseconds) as seconds since the epoch."""
    return time.time() - time.monotonic() + int(monotonic) / 1e6


def actions(
    unit: Mapping[str, str], written: float, since: float, *, stale: bool, reload: bool, started: bool
) -> list[str]:
    """Return what systemctl must do, in order (pure).

    written and since are the newest file's time and the unit's last change of state, in seconds since the epoch; stale
    tells that systemd has not read a unit's file yet.
    """
    verbs = ["daemon-reload"] if stale or unit["NeedDaemonReload"] == "yes" or unit["LoadState"] == "not-found" else []
    if unit["UnitFileState"] not in SETTLED:
        verbs.append("enable")
    running = unit["ActiveState"] in RUNNING
    if running and written > since:
        verbs.append("reload" if reload else "restart")
    elif started and not running:
        verbs.append("start")
    return verbs


class Service:
    """One unit, asked and told through systemctl."""

    def __init__(self, module: Module) -> None:
        """Read the parameters."""
        self.module = module
        self.name: str = module.params["name"]

    def show(self, *words: str) -> dict[str, str]:
        """Return properties of systemd itself or of a unit."""
        status, text, said = run(["systemctl", "show", *words])
        if status != 0:
            self.module.fail_json(msg=f"systemctl show failed with status {status}: {said.strip()}")
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def needed(self) -> list[str]:
        """Return what systemctl must do now."""
        params: dict[str, Any] = self.module.params
        files: list[str] = params["files"]
        unit = self.show(f"--property={','.join(PROPERTIES)}", "--", self.name)
        # NeedDaemonReload overlooks a drop-in in a folder that systemd has not seen yet: its list of paths is a cache.
        loaded = epoch(self.show(f"--property={UNITS_LOADED}")[UNITS_LOADED])
        stale = newest([path for path in files if path.startswith(UNIT_FOLDER)]) > loaded
        since = epoch(unit["StateChangeTimestampMonotonic"])
        started = params["started"] and (params["needs"] is None or Path(params["needs"]).exists())
        return actions(unit, newest(files), since, stale=stale, reload=params["reload"], started=started)

    def act(self, verb: str) -> None:
        """Do one thing; fails the module with the end of the unit's journal."""
        words = ["systemctl", verb, *([] if verb == "daemon-reload" else ["--", self.name])]
        status, _, said = run(words)
        if status != 0:
            journal = ["journalctl", "--no-pager", "--lines=8", "--output=cat", f"--unit={self.name}"]
            lines = run(journal).out
            self.module.fail_json(
                msg=f"systemctl {verb} {self.name} failed: {said.strip()}\nits journal ends with:\n{lines.strip()}"
            )

    def apply(self) -> list[str]:
        """Do what is needed; daemon-reload may load a unit that was not known, so the state is read again."""
        verbs = self.needed()
        if self.module.check_mode:
            return verbs
        if verbs[:1] == ["daemon-reload"]:
            self.act("daemon-reload")
            verbs = ["daemon-reload", *(verb for verb in self.needed() if verb != "daemon-reload")]
        for verb in verbs:
            if verb != "daemon-reload":
                self.act(verb)
        return verbs
