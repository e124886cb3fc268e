"""Writes what each Ansible run of a role test did, as a line of JSON, to the file that MOLECULE_RESULTS names.

molecule prints what happened for people; the tests compare runs task by task, and read why a refused one failed.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible import context
from ansible.plugins.callback import CallbackBase

if TYPE_CHECKING:
    from ansible.executor.stats import AggregateStats
    from ansible.executor.task_result import CallbackTaskResult
    from ansible.playbook import Playbook

DOCUMENTATION = r"""
name: results
type: notification
short_description: What a run did, for tests
description:
  - One line of JSON for each run, with playbook, check, seconds, and tasks (role, task, host, status, message).
requirements: []
"""


def said(outcome: dict[str, Any]) -> str:
    """Return what a failed task said: its message, its items' messages, and the end of what a program wrote (pure)."""
    if "censored" in outcome:
        return "its output is kept back because it may hold a secret"
    failed = [item for item in outcome.get("results") or [] if item.get("failed")]
    parts = [str(each.get("msg", "")).strip() for each in (outcome, *failed)]
    parts.append("\n".join(str(outcome.get("stderr") or "").strip().splitlines()[-8:]))
    return "\n".join(dict.fromkeys(part for part in parts if part))


class CallbackModule(CallbackBase):  # type: ignore[misc] # - ansible has no types
    """Keeps the results of one run until its end."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "results"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.began = time.monotonic()
        self.playbook = ""
        self.tasks: list[dict[str, Any]] = []

    def v2_playbook_on_start(self, playbook: Playbook) -> None:
        """Remember which playbook it is."""
        self.playbook = Path(playbook._file_name).name  # noqa: SLF001 - there is no public name for it

    def keep(self, result: CallbackTaskResult, status: str) -> None:
        """Keep one task's result on one host."""
        task, outcome = result.task, result.result
        self.tasks.append(
            {
                "role": task._role.get_name() if task._role else "",  # noqa: SLF001 - there is no public name for it
                "task": task.get_name().rpartition(" : ")[2],
                "host": result.host.get_name(),
                "status": "changed" if status == "ok" and outcome.get("changed") else status,
                "message": said(outcome) if status in {"failed", "unreachable"} else "",
            }
        )

    def v2_runner_on_ok(self, result: CallbackTaskResult) -> None:
        """Keep what went well."""
        self.keep(result, "ok")

    def v2_runner_on_failed(self, result: CallbackTaskResult, ignore_errors: bool = False) -> None:  # noqa: FBT001, FBT002 - as its base
        """Keep what failed, unless that is accepted."""
        self.keep(result, "ok" if ignore_errors else "failed")

    def v2_runner_on_unreachable(self, result: CallbackTaskResult) -> None:
        """Keep who is gone."""
        self.keep(result, "unreachable")

    def v2_playbook_on_stats(self, stats: AggregateStats) -> None:  # noqa: ARG002 - as its base
        """Write the line."""
        if not (path := os.environ.get("MOLECULE_RESULTS")):
            return
        line = {
            "playbook": self.playbook,
            "check": bool(context.CLIARGS.get("check")),
            "seconds": round(time.monotonic() - self.began, 1),
            "tasks": self.tasks,
        }
        with Path(path).open("a") as file:
            file.write(json.dumps(line) + "\n")
