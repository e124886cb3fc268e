"""Wipe the disks that the judgement lists for it: one program on the node for each, which makes sure of it itself."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail

from blackstart.ansible.action import Action


class ActionModule(Action):
    """Arguments: `writes` as blackstart_disk_guard returned them, `disks` of the inventory, `confirmed` serials."""

    SPEC: ClassVar[dict[str, Any]] = {
        "writes": {"type": "list", "elements": "dict", "required": True},
        "disks": {"type": "dict", "required": True},
        "confirmed": {"type": "list", "elements": "str", "required": True},
    }

    def act(self, given: dict[str, Any]) -> dict[str, Any]:
        """Wipe one disk after the other; fails at the first that refuses, with what was done before it."""
        done: list[str] = []
        for write in given["writes"]:
            _require_both(write, given["disks"], given["confirmed"])
            answer = {} if self._task.check_mode else self._wipe(write)
            if said := answer.get("refused") or answer.get("failed"):
                before = f" Wiped before it: {', '.join(done)}." if done else ""
                nothing = "Nothing was written to it." if "refused" in answer else ""
                text = f"{write['disk']} is not wiped: {said}. {nothing}{before}"
                return {"failed": True, "blackstart_refused": "refused" in answer, "msg": text}
            done.append(write["disk"])
        notes = [f"{disk} was wiped and is blank" for disk in done if not self._task.check_mode]
        return {"changed": bool(done), "wiped": done, "blackstart_notes": notes}

    def _wipe(self, write: dict[str, Any]) -> dict[str, Any]:
        request = {
            "disk": write["disk"],
            "serial": write["serial"],
            "size_bytes": write["size_bytes"],
            "devno": write["seen"]["devno"],
        }
        return self.through("disks.wipe", request, f"wiping {write['disk']}")


def _require_both(write: dict[str, Any], disks: dict[str, Any], confirmed: list[str]) -> None:
    """Fail unless inventory and command line both name this disk by its serial: once more, right before the write."""
    named = {disk["id"]: str(disk.get("wipe") or "") for disk in [disks.get("boot") or {}, *(disks.get("ceph") or [])]}
    if not write["serial"] or named.get(write["disk"]) != write["serial"] or write["serial"] not in confirmed:
        raise AnsibleActionFail(f"{write['disk']} has no `wipe:` and --yes-wipe with its serial; nothing was written")
