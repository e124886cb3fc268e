"""Make a host's Ceph quiet, or wait until it is back: looks and acts on the node, judges on this machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, ClassVar

from ansible.errors import AnsibleActionFail

try:
    from blackstart.ansible.action import Action, refused
    from blackstart.ceph import back, gates
    from blackstart.ceph import quiet as plans
    from blackstart.ceph.facts import bucket, document, parse
except ImportError as error:
    raise AnsibleActionFail(
        "Ceph is judged by blackstart itself, which this Python cannot import: install it beside Ansible"
    ) from error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blackstart.ceph.facts import CephFacts

POLL = 3.0  # seconds
MODULE = "blackstart_ceph"
WAYS = ("command", "kubeconfig", "server", "namespace")


class SilentError(Exception):
    """There is a Ceph, and it cannot be asked now."""


class ActionModule(Action):
    """Arguments: see roles/ceph_quiet/meta/argument_specs.yml."""

    SPEC: ClassVar[dict[str, Any]] = {
        "state": {"type": "str", "required": True, "choices": ["examined", "quiet", "back"]},
        "node": {"type": "str", "required": True},
        "order": {"type": "str", "default": ""},
        "fsid": {"type": "str", "default": ""},
        "has_osds": {"type": "bool", "default": True},
        "timeout": {"type": "int", "default": 1800},
        "command": {"type": "list", "elements": "str", "default": []},
        "kubeconfig": {"type": "str", "required": True},
        "server": {"type": "str", "required": True},
        "namespace": {"type": "str", "default": "rook-ceph"},
    }

    def act(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return `present`, `objections` and notes; fails with every objection, or with what is not back in time."""
        self._given = given
        todo = {"examined": self._examined, "quiet": self._quiet, "back": self._back}
        return todo[given["state"]]()

    def _examined(self) -> dict[str, Any]:
        _, answer = self._judge()
        return answer

    def _judge(self) -> tuple[CephFacts | None, dict[str, Any]]:
        """Look and judge; return what was seen when nothing speaks against it, and the result."""
        node = self._given["node"]
        head = f"Ceph's daemons on {node} must not stop now"
        try:
            seen = self._look()
        except SilentError as error:
            return None, _refused(head, [f"Ceph cannot be asked how it is: {error}"])
        if seen is None:
            return None, _nothing()
        if not self._given["has_osds"] and plans.idle(seen, node):
            return None, _result((), f"Ceph has nothing on {node}")
        if objections := self._objections(seen):
            return None, _refused(head, objections)
        return seen, _result(gates.notes(seen, node), "every gate is open")

    def _quiet(self) -> dict[str, Any]:
        seen, answer = self._judge()
        if seen is None:
            return answer
        plan = plans.quiet(seen, self._given["node"], self._given["order"])
        mark = document(plan.mark) if plan.mark else None
        return {**answer, **self._act("quiet", mark=mark, noout=sorted(plan.noout), fail=plan.fail, mons=plan.mons)}

    def _back(self) -> dict[str, Any]:
        node, end = self._given["node"], time.monotonic() + self._given["timeout"]
        while True:
            missing: Sequence[str]
            try:
                seen = self._look()
            except SilentError as error:
                missing = [f"Ceph does not answer: {error}"]
            else:
                if seen is None:
                    return _nothing()
                if strangers := back.strangers(seen, node):
                    return _refused(f"Ceph is not back on {node}", strangers)
                if not (missing := back.missing(seen, node)):
                    return self._return(seen)
            if time.monotonic() > end or self._task.check_mode:
                return self._late(missing)
            time.sleep(POLL)

    def _return(self, seen: CephFacts) -> dict[str, Any]:
        node = self._given["node"]
        done = self._act("back", noout=sorted(plans.ours(seen, node)), mons=plans.mons(seen, node))
        return {**_result(back.notes(seen, node), "Ceph is back"), **done}

    def _late(self, missing: Sequence[str]) -> dict[str, Any]:
        lines = "\n".join(f"- {line}" for line in missing)
        text = (
            f"Ceph is not back on {self._given['node']} after {self._given['timeout']} s (ceph_quiet_timeout); what is "
            f"ours of noout stays until it is:\n{lines}\nMend what it names, then run the same command again"
        )
        return {"failed": True, "present": True, "missing": list(missing), "msg": text}

    def _objections(self, seen: CephFacts) -> list[str]:
        node, fsid = self._given["node"], self._given["fsid"]
        found = list(back.strangers(seen, node))
        if fsid not in {"", seen.fsid}:
            found.append(f"the Ceph that answers is {seen.fsid}; wanted: {fsid}, as the inventory's storage_ceph_fsid")
        if self._given["has_osds"] and (said := plans.unknown(seen, node)):
            found.append(said)
        return [*found, *gates.objections(seen, node)]

    def _look(self) -> CephFacts | None:
        """Look; None when there is no Ceph. Raises SilentError."""
        answer = self._module("looked")
        if "silent" in answer:
            raise SilentError(answer["silent"])
        return parse(answer["seen"]) if answer["present"] else None

    def _act(self, state: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the module takes
        if self._task.check_mode:
            would = any(value for name, value in arguments.items() if name != "mons")
            return {"changed": would}
        answer = self._module(state, **arguments)
        return {"changed": answer["changed"], "done": answer["done"]}

    def _module(self, state: str, **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever the module takes
        given = {name: self._given[name] for name in (*WAYS, "node")}
        given |= {"state": state, "host": bucket(self._given["node"]), **arguments}
        answer: dict[str, Any] = self._execute_module(MODULE, module_args=given, task_vars=self.variables)
        if answer.get("failed"):
            raise AnsibleActionFail(answer.get("msg", "it said nothing"), result=answer)
        return answer


def _refused(head: str, objections: Sequence[str]) -> dict[str, Any]:
    said = refused([f"{head}; nothing was changed:", *(f"- {line}" for line in objections)])
    return {"present": True, "objections": list(objections), **said}


def _nothing() -> dict[str, Any]:
    said = "no Ceph in this cluster: nothing to keep quiet, and nothing to wait for"
    return _result((said,), said, present=False)


def _result(notes: Sequence[str], text: str, *, present: bool = True) -> dict[str, Any]:
    return {
        "changed": False,
        "present": present,
        "objections": [],
        "msg": text,
        "blackstart_notes": list(notes),
        "ansible_facts": {"ceph_quiet_present": present},
    }
