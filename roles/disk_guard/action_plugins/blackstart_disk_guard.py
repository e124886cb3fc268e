"""Judge a node's disks: one round trip to the node, which only reads, and a judgement on this machine.

The survey and the judge are those of `blackstart disks`, so the role and the verb cannot disagree.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

try:
    from blackstart.disks.facts import parse
    from blackstart.disks.guard import documents, guard
    from blackstart.disks.identity import plain
    from blackstart.engine.carrier import through
    from blackstart.errors import BlackstartError, RefusedError
    from blackstart.model.cluster import Disks, Node, is_placeholder
except ImportError as error:
    raise AnsibleActionFail(
        "the disks are judged by blackstart itself, which this Python cannot import: "
        "install it beside Ansible, or run `blackstart up`"
    ) from error


class ActionModule(ActionBase):
    """Arguments: `disks` and `board_serial` as in the inventory, `fsid` of our Ceph, `confirmed` serials.

    `full` reads every byte.
    """

    _supports_check_mode = True
    _requires_connection = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Return verdicts, notes and what may be wiped; fails with every reason of every named disk at risk."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, arguments = self.validate_argument_spec(
            argument_spec={
                "disks": {"type": "dict", "required": True},
                "board_serial": {"type": "str", "default": ""},
                "fsid": {"type": "str", "default": ""},
                "confirmed": {"type": "list", "elements": "str", "default": []},
                "full": {"type": "bool", "default": False},
            }
        )
        name = str((task_vars or {}).get("inventory_hostname", ""))
        node = Node.of_disks(name, Disks.model_validate(arguments["disks"]), arguments["board_serial"])
        named = [plain(disk.id) for disk in (node.disks.boot, *node.disks.ceph) if not is_placeholder(disk.id)]
        # The samples lie elsewhere each time: what one look misses, another may meet.
        table = parse(self._survey({"named": named, "full": arguments["full"], "seed": secrets.token_hex(8)}))
        try:
            outcome = guard(node, table, fsid=arguments["fsid"], confirmed=arguments["confirmed"])
        except RefusedError as error:
            return {**result, **refused([f"{error.message}\n  {error.hint}"])}
        for note in outcome.notes:
            # A warning is part of the result, which is not shown where tasks that went well are silent.
            self._display.display(f"[WARNING]: {name}: {note}", stderr=True)
        verdicts = documents(outcome.verdicts)
        result |= {
            "verdicts": verdicts,
            "ansible_facts": {"disk_guard_verdicts": verdicts},
            "writes": [asdict(write) for write in outcome.writes],
            "blackstart_notes": list(outcome.notes),
        }
        return {**result, **refused(outcome.refusals)} if outcome.refusals else result

    def _survey(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            return through(self._low_level_execute_command, "disks.survey", request, "looking at the disks")
        except BlackstartError as error:
            raise AnsibleActionFail(error.message) from error


def refused(texts: Any) -> dict[str, Any]:  # noqa: ANN401 - any sequence of texts
    """Return what makes a result a refusal, which blackstart turns into exit code 3."""
    return {"failed": True, "blackstart_refused": True, "msg": "\n".join(texts)}
