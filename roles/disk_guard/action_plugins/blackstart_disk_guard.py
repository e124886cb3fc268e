"""Judge a node's disks: one round trip to the node, which only reads, and a judgement on this machine.

The survey and the judge are those of `blackstart disks`, so the role and the verb cannot disagree.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict
from typing import Any, ClassVar

from ansible.errors import AnsibleActionFail

try:
    from blackstart.ansible.action import Action, refused
    from blackstart.disks.facts import parse
    from blackstart.disks.guard import documents, guard
    from blackstart.disks.identity import plain
    from blackstart.errors import RefusedError
    from blackstart.model.cluster import Disks, Node, is_placeholder
except ImportError as error:
    raise AnsibleActionFail(
        "the disks are judged by blackstart itself, which this Python cannot import: "
        "install it beside Ansible, or run `blackstart up`"
    ) from error


class ActionModule(Action):
    """Arguments: `disks` and `board_serial` as in the inventory, `fsid` of our Ceph, `confirmed` serials.

    `full` reads every byte.
    """

    SPEC: ClassVar[dict[str, Any]] = {
        "disks": {"type": "dict", "required": True},
        "board_serial": {"type": "str", "default": ""},
        "fsid": {"type": "str", "default": ""},
        "confirmed": {"type": "list", "elements": "str", "default": []},
        "full": {"type": "bool", "default": False},
    }

    def act(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return verdicts, notes and what may be wiped; fails with every reason of every named disk at risk."""
        node = Node.of_disks(self.host, Disks.model_validate(given["disks"]), given["board_serial"])
        named = [plain(disk.id) for disk in (node.disks.boot, *node.disks.ceph) if not is_placeholder(disk.id)]
        # The samples lie elsewhere each time: what one look misses, another may meet.
        request = {"named": named, "full": given["full"], "seed": secrets.token_hex(8)}
        table = parse(self.through("disks.survey", request, "looking at the disks"))
        try:
            outcome = guard(node, table, fsid=given["fsid"], confirmed=given["confirmed"])
        except RefusedError as error:
            return refused([error.message, f"  {error.hint}"])
        for note in outcome.notes:
            # A warning is part of the result, which is not shown where tasks that went well are silent.
            self._display.display(f"[WARNING]: {self.host}: {note}", stderr=True)
        verdicts = documents(outcome.verdicts)
        result = {
            "verdicts": verdicts,
            "ansible_facts": {"disk_guard_verdicts": verdicts},
            "writes": [asdict(write) for write in outcome.writes],
            "blackstart_notes": list(outcome.notes),
        }
        return {**result, **refused(outcome.refusals)} if outcome.refusals else result
