"""What action plugins of the roles share: arguments that are checked, programs on the node, and refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from blackstart.engine import carrier
from blackstart.errors import BlackstartError

if TYPE_CHECKING:
    from collections.abc import Iterable


class Action(ActionBase):
    """An action that judges on this machine; also in check mode, since looking changes nothing."""

    _supports_check_mode = True
    _requires_connection = True

    SPEC: ClassVar[dict[str, Any]]

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Check the arguments and act on them."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, given = self.validate_argument_spec(argument_spec=self.SPEC)
        self.variables = task_vars or {}
        return {**result, **self.act(given)}

    def act(self, given: dict[str, Any]) -> dict[str, Any]:
        """Do it; return what the task's result says beyond the usual."""
        raise NotImplementedError

    @property
    def host(self) -> str:
        """The node's name in the inventory."""
        return str(self.variables.get("inventory_hostname", ""))

    def through(self, program: str, request: dict[str, Any], what: str) -> dict[str, Any]:
        """Run a program of blackstart/node on the node; the task fails with `what` was being done when it cannot."""
        try:
            return carrier.through(self._low_level_execute_command, program, request, what)
        except BlackstartError as error:
            raise AnsibleActionFail(error.message) from error


def refused(lines: Iterable[str]) -> dict[str, Any]:
    """Return what makes a result a refusal, which blackstart turns into exit code 3."""
    return {"failed": True, "blackstart_refused": True, "msg": "\n".join(lines)}
