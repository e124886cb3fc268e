"""Judge a boot disk before it is erased: one round trip that only reads, and the judge of `blackstart disks`."""

from __future__ import annotations

import secrets
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

try:
    from blackstart.disks.erase import require_erasable
    from blackstart.disks.facts import parse
    from blackstart.disks.identity import BY_ID, plain
    from blackstart.engine.carrier import through
    from blackstart.errors import BlackstartError, RefusedError
    from blackstart.model.cluster import Disks, Node
except ImportError as error:
    raise AnsibleActionFail(
        "the disk is judged by blackstart itself, which this Python cannot import: "
        "install it beside Ansible, or run `blackstart rebuild`"
    ) from error


class ActionModule(ActionBase):
    """Arguments: `disks` as in the inventory, `serial` that was confirmed for erasing."""

    _supports_check_mode = True
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return the disk's path below /dev/disk/by-id, its serial and size in bytes; a refusal with all reasons."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(
            argument_spec={
                "disks": {"type": "dict", "required": True},
                "serial": {"type": "str", "required": True},
            }
        )
        name = str((task_vars or {}).get("inventory_hostname", ""))
        node = Node.of_disks(name, Disks.model_validate(arguments["disks"]))
        named = [plain(node.disks.boot.id)]
        table = parse(self._survey({"named": named, "full": False, "seed": secrets.token_hex(8)}))
        try:
            seen = require_erasable(node, table, serial=arguments["serial"])
        except RefusedError as error:
            return {**result, "failed": True, "blackstart_refused": True, "msg": f"{error.message}\n{error.hint}"}
        return {**result, "path": f"{BY_ID}{named[0]}", "serial": seen.serial, "size_bytes": seen.size_bytes}

    def _survey(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            return through(self._low_level_execute_command, "disks.survey", request, "looking at the disks")
        except BlackstartError as error:
            raise AnsibleActionFail(error.message) from error
