"""Judge a boot disk before it is erased: one round trip that only reads, and the judge of `blackstart disks`."""

from __future__ import annotations

import secrets
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail

try:
    from blackstart.ansible.action import Action, refused
    from blackstart.disks.erase import require_erasable
    from blackstart.disks.facts import parse
    from blackstart.disks.identity import BY_ID, plain
    from blackstart.errors import RefusedError
    from blackstart.model.cluster import Disks, Node
except ImportError as error:
    raise AnsibleActionFail(
        "the disk is judged by blackstart itself, which this Python cannot import: "
        "install it beside Ansible, or run `blackstart rebuild`"
    ) from error


class ActionModule(Action):
    """Arguments: `disks` as in the inventory, `serial` that was confirmed for erasing."""

    SPEC: ClassVar[dict[str, Any]] = {
        "disks": {"type": "dict", "required": True},
        "serial": {"type": "str", "required": True},
    }

    def act(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return the disk's path below /dev/disk/by-id, its serial and size in bytes; a refusal with all reasons."""
        node = Node.of_disks(self.host, Disks.model_validate(given["disks"]))
        named = [plain(node.disks.boot.id)]
        request = {"named": named, "full": False, "seed": secrets.token_hex(8)}
        table = parse(self.through("disks.survey", request, "looking at the disks"))
        try:
            seen = require_erasable(node, table, serial=given["serial"])
        except RefusedError as error:
            return refused([error.message, error.hint])
        return {"path": f"{BY_ID}{named[0]}", "serial": seen.serial, "size_bytes": seen.size_bytes}
