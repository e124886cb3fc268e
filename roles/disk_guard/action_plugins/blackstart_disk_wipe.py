"""Wipe the disks that the judgement lists for it: one program on the node for each, which makes sure of it itself."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from blackstart.engine.carrier import through
from blackstart.errors import BlackstartError


class ActionModule(ActionBase):
    """Arguments: `writes` as blackstart_disk_guard returned them, `disks` of the inventory, `confirmed` serials."""

    _supports_check_mode = True
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Wipe one disk after the other; fails at the first that refuses, with what was done before it."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(
            argument_spec={
                "writes": {"type": "list", "elements": "dict", "required": True},
                "disks": {"type": "dict", "required": True},
                "confirmed": {"type": "list", "elements": "str", "required": True},
            }
        )
        done: list[str] = []
        for write in arguments["writes"]:
            _require_both(write, arguments["disks"], arguments["confirmed"])
            answer = {} if self._task.check_mode else self._wipe(write)
            if said := answer.get("refused") or answer.get("failed"):
                before = f" Wiped before it: {', '.join(done)}." if done else ""
                nothing = "Nothing was written to it." if "refused" in answer else ""
                return {**result, "failed": True, "blackstart_refused": "refused" in answer,
                        "msg": f"{write['disk']} is not wiped: {said}. {nothing}{before}"}  # fmt: skip
            done.append(write["disk"])
        notes = [f"{disk} was wiped and is blank" for disk in done if not self._task.check_mode]
        return {**result, "changed": bool(done), "wiped": done, "blackstart_notes": notes}

    def _wipe(self, write: dict[str, Any]) -> dict[str, Any]:
        request = {
            "disk": write["disk"],
            "serial": write["serial"],
            "size_bytes": write["size_bytes"],
            "devno": write["seen"]["devno"],
        }
        execute, what = self._low_level_execute_command, f"wiping {write['disk']}"
        try:
            return through(execute, "disks.wipe", request, what)
        except BlackstartError as error:
            raise AnsibleActionFail(error.message) from error


def _require_both(write: dict[str, Any], disks: dict[str, Any], confirmed: list[str]) -> None:
    """Fail unless inventory and command line both name this disk by its serial: once more, right before the write."""
    named = {disk["id"]: str(disk.get("wipe") or "") for disk in [disks.get("boot") or {}, *(disks.get("ceph") or [])]}
    if not write["serial"] or named.get(write["disk"]) != write["serial"] or write["serial"] not in confirmed:
        raise AnsibleActionFail(f"{write['disk']} has no `wipe:` and --yes-wipe with its serial; nothing was written")
