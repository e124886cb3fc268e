#!/usr/bin/python
"""Have a unit enabled and running with its newest files.

Whether it must be restarted is seen on the node: a file that is newer than the unit's last start or reload. A handler
would forget it when the run is cut off between writing the file and restarting.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule

if TYPE_CHECKING:
    from collections.abc import Sequence

DOCUMENTATION = r"""
module: blackstart_service
short_description: Have a unit enabled and running with its newest files
options:
  name: {description: The unit., type: str, required: true}
  files: {description: What it reads when it starts., type: list, elements: path, default: []}
  reload: {description: Whether it reads them anew on a reload., type: bool, default: false}
  started: {description: Whether it must run now; else it is only enabled., type: bool, default: true}
  needs: {description: A file without which it is only enabled., type: path}
author: [blackstart]
"""

RETURN = r"""
actions:
  description: What systemctl was asked to do.
  returned: always
  type: list
  elements: str
"""

PROPERTIES = ("LoadState", "ActiveState", "UnitFileState", "NeedDaemonReload", "StateChangeTimestampMonotonic")
# States of units that cannot be enabled, or need not be (systemctl(1), is-enabled).
SETTLED = frozenset({"enabled", "alias", "static", "indirect", "generated"})
RUNNING = frozenset({"active", "reloading", "activating"})


def newest(files: Sequence[str]) -> float:
    """Return when the newest of the files was written, in seconds since the epoch; 0 when none is there."""
    return max((path.stat().st_mtime for path in map(Path, files) if path.exists()), default=0.0)


def actions(unit: dict[str, str], written: float, since: float, *, reload: bool, started: bool) -> list[str]:
    """Return what systemctl must do, in order (pure).

    written and since are the newest file's time and the unit's last change of state, in seconds since the epoch.
    """
    unknown = unit["LoadState"] == "not-found"
    stale = unit["NeedDaemonReload"] == "yes"
    verbs = ["daemon-reload"] if unknown or stale else []
    if unit["UnitFileState"] not in SETTLED:
        verbs.append("enable")
    running = unit["ActiveState"] in RUNNING
    if running and (stale or written > since):
        verbs.append("reload" if reload and not stale else "restart")
    elif started and not running:
        verbs.append("start")
    return verbs


class Service:
    """One unit, asked and told through systemctl."""

    def __init__(self, module: AnsibleModule) -> None:
        """Read the parameters."""
        self.module = module
        self.name: str = module.params["name"]

    def state(self) -> dict[str, str]:
        """Return the unit's properties."""
        words = ["systemctl", "show", f"--property={','.join(PROPERTIES)}", "--", self.name]
        _, text, _ = self.module.run_command(words, check_rc=True)
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def needed(self) -> list[str]:
        """Return what systemctl must do now."""
        params: dict[str, Any] = self.module.params
        unit = self.state()
        since = time.time() - time.monotonic() + int(unit["StateChangeTimestampMonotonic"]) / 1e6
        started = params["started"] and (params["needs"] is None or Path(params["needs"]).exists())
        return actions(unit, newest(params["files"]), since, reload=params["reload"], started=started)

    def act(self, verb: str) -> None:
        """Do one thing; fails the module with the end of the unit's journal."""
        words = ["systemctl", verb, *([] if verb == "daemon-reload" else ["--", self.name])]
        status, _, said = self.module.run_command(words)
        if status != 0:
            journal = ["journalctl", "--no-pager", "--lines=8", "--output=cat", f"--unit={self.name}"]
            _, lines, _ = self.module.run_command(journal)
            self.module.fail_json(
                msg=f"systemctl {verb} {self.name} failed: {said.strip()}\nits journal ends with:\n{lines.strip()}"
            )

    def apply(self) -> list[str]:
        """Do what is needed; a reload of systemd may show a unit that it did not know, so it is looked at anew."""
        verbs = self.needed()
        if self.module.check_mode:
            return verbs
        done = []
        if "daemon-reload" in verbs:
            self.act("daemon-reload")
            done.append("daemon-reload")
            restart = [verb for verb in verbs if verb in {"restart", "reload"}]
            verbs = [verb for verb in self.needed() if verb != "daemon-reload"]
            verbs += [verb for verb in restart if not {"start", "restart", "reload"} & set(verbs)]
        for verb in verbs:
            self.act(verb)
        return done + verbs


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "files": {"type": "list", "elements": "path", "default": []},
            "reload": {"type": "bool", "default": False},
            "started": {"type": "bool", "default": True},
            "needs": {"type": "path"},
        },
        supports_check_mode=True,
    )
    done = Service(module).apply()
    module.exit_json(changed=bool(done), actions=done)


if __name__ == "__main__":
    main()
