"""Run the module of the same name, and show what it found: of a task that is ok, not even warnings are printed."""

from __future__ import annotations

from typing import Any

from ansible import constants
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display


class ActionModule(ActionBase):
    """One call of the module."""

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:  # noqa: ANN401 - its base's
        """Return what the module returned."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        result |= self._execute_module(module_args=self._task.args, task_vars=task_vars)
        host = (task_vars or {}).get("inventory_hostname", "")
        for text in [] if result.get("failed") else result.get("verdicts", []):
            # What warning() is given here would become part of the result, and be as silent.
            Display().display(f"[WARNING]: {host}: {text}", color=constants.COLOR_WARN, stderr=True)
        return result
