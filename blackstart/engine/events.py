"""What Ansible says while it runs: each task into the journal, and failures as one error."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from blackstart.errors import BlackstartError, RefusedError, RoleFailedError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from blackstart.engine.journal import Journal

_STATUS = {
    "runner_on_ok": "ok",
    "runner_on_failed": "failed",
    "runner_on_unreachable": "unreachable",
    "runner_on_skipped": "skipped",
}


# What a task's result may carry for us: that it failed because data or quorum is at risk, and what is worth a line.
REFUSED = "blackstart_refused"
NOTES = "blackstart_notes"


@dataclass(slots=True)
class Watcher:
    """Listens to one Ansible run: journals each task, keeps failures, changes, and the process to interrupt."""

    journal: Journal
    phases: dict[str, str]  # a play's name -> the phase whose playbook holds it
    pid: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)
    changed: dict[str, int] = field(default_factory=dict)

    def __call__(self, event: dict[str, Any]) -> bool:
        """Take one of Ansible's events in; False: the runner need not keep it."""
        self.pid = int(event.get("pid") or self.pid)
        data = event.get("event_data", {})
        kind = event["event"]
        if kind == "playbook_on_task_start":
            self.journal.write("task_start", phase=self._phase(data), role=data.get("role", ""), task=data["task"])
        elif kind in _STATUS:
            self._task(_STATUS[kind], data)
        # The runner keeps an event only when its handler says so; a failed run's own text is in its stdout file.
        return False

    def _phase(self, data: dict[str, Any]) -> str:
        return self.phases.get(str(data.get("play", "")), "")

    def _task(self, status: str, data: dict[str, Any]) -> None:
        result = data.get("res", {})
        node = data["host"]
        if status == "failed" and data.get("ignore_errors"):
            status = "ok"
        if status == "ok" and result.get("changed"):
            status = "changed"
            self.changed[node] = self.changed.get(node, 0) + 1
        if status in {"failed", "unreachable"}:
            self.failures.append({"node": node, "status": status, "task": data["task"], "role": data.get("role", ""),
                                  "message": _message(result), "refused": bool(result.get(REFUSED))})  # fmt: skip
        for text in result.get(NOTES) or ():
            self.journal.write("note", text=f"{node}: {text}")
        self.journal.write(
            "task",
            phase=self._phase(data),
            role=data.get("role", ""),
            task=data["task"],
            node=node,
            status=status,
            seconds=round(float(data.get("duration") or 0.0), 2),
        )


def play_names(playbooks: Sequence[Path]) -> dict[str, str]:
    """Map each play's name to its playbook's, since events name the play only."""
    return {play["name"]: book.stem for book in playbooks for play in yaml.safe_load(book.read_text())}


def _message(result: dict[str, Any]) -> str:
    """Return what the failed task said: its msg, and the end of its stderr when that adds something."""
    if "censored" in result:
        return "its output is kept back because it may hold a secret; look at the journal of the unit on the node"
    parts = [str(result.get("msg", "")).strip()]
    failed = [item for item in result.get("results") or [] if item.get("failed")]
    parts += [str(item.get("msg", "")).strip() for item in failed]
    for stream in ("module_stderr", "stderr", "stdout"):
        text = str(result.get(stream) or "").strip()
        if text:
            parts.append("\n".join(text.splitlines()[-8:]))
            break
    return "\n".join(dict.fromkeys(part for part in parts if part)) or "it said nothing"


def failure(watcher: Watcher, private: Path) -> BlackstartError:
    """Return what a run failed with, as one error; private is its folder, which has its output."""
    if not watcher.failures:
        output = next(private.glob("artifacts/*/stdout"), None)
        tail = "\n".join(output.read_text(errors="replace").strip().splitlines()[-8:]) if output else "no output"
        return RoleFailedError(f"Ansible ended without running the playbook:\n{tail}", hint="see --verbose")
    gone = [failure for failure in watcher.failures if failure["status"] == "unreachable"]
    if len(gone) == len(watcher.failures):
        nodes = ", ".join(sorted({failure["node"] for failure in gone}))
        return UnreachableError(
            f"lost {nodes} during {gone[0]['task']!r}: {gone[0]['message']}",
            hint="when it is back, run the same command again",
        )
    if refused := [failure for failure in watcher.failures if failure["refused"]]:
        said = {failure["node"]: failure["message"] for failure in refused}
        return RefusedError(
            "\n".join(f"{node}: {message}" for node, message in sorted(said.items())),
            hint="mend what it names, then run the same command again",
        )
    first = next(failure for failure in watcher.failures if failure["status"] == "failed")
    same = sorted({f["node"] for f in watcher.failures if f["task"] == first["task"]})
    return RoleFailedError(
        f"{first['role'] or 'playbook'} failed on {', '.join(same)} at {first['task']!r}:\n{first['message']}",
        hint="mend what it names, then run the same command again: what is done is not done twice",
    )
