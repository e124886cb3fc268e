"""Runs molecule scenarios on one node after another, and knows what the node in hand has behind it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from blackstart import paths
from blackstart.engine import process
from blackstart.engine.lock import exclusive
from blackstart.lab import podman
from tests.support.molecule import scenarios
from tests.support.molecule.scenarios import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.support.molecule.scenarios import Scenario

PATIENCE = 600.0  # seconds for one scenario
LABEL = "blackstart.lab=molecule"  # on the node's container; .config/molecule/node.py makes it


@dataclass(frozen=True, slots=True)
class Result:
    """What one scenario did: seconds as a whole and in Ansible's runs, and its runs as the callback wrote them."""

    seconds: float
    runs: tuple[dict[str, Any], ...]

    def run(self, playbook: str, *, check: bool = False) -> dict[str, Any] | None:
        """Return the first run of a playbook; None when there was none."""
        return next((run for run in self.runs if (run["playbook"], run["check"]) == (playbook, check)), None)

    def __str__(self) -> str:
        """Say where the time went."""
        converges = [run["seconds"] for run in self.runs if run["playbook"] == "converge.yml" and not run["check"]]
        parts = {
            "create": sum(run["seconds"] for run in self.runs if run["playbook"] == "create.yml"),
            "prepare": sum(run["seconds"] for run in self.runs if run["playbook"] == "prepare.yml"),
            "check": sum(run["seconds"] for run in self.runs if run["check"]),
            "converge": sum(converges[:1]),
            "idempotence": sum(converges[1:2]),
        }
        parts["verify and molecule itself"] = self.seconds - sum(parts.values())
        told = ", ".join(f"{name} {seconds:.0f}" for name, seconds in parts.items() if seconds)
        return f"{self.seconds:.0f} s ({told})"


def changed(run: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Return the tasks that changed something, each with its role (pure)."""
    return {(task["role"], task["task"]) for task in run["tasks"] if task["status"] == "changed"}


def mispredicted(
    check: Mapping[str, Any], converge: Mapping[str, Any], excused: Mapping[str, Mapping[str, str]]
) -> str:
    """Compare what check mode predicted with what was changed; empty when both are equal (pure).

    excused are the tasks, by role, that check mode cannot predict, each with the reason.
    """
    predicted, done = changed(check), changed(converge)
    surprises = {(role, task) for role, task in done - predicted if task not in excused.get(role, {})}
    said = [f"{role} changed something at {task!r}, which check mode did not predict" for role, task in surprises]
    said += [
        f"check mode predicted a change by {role} at {task!r}, and nothing changed" for role, task in predicted - done
    ]
    return "\n".join(sorted(said))


class Molecule:
    """Runs scenarios; the folder outlives a session, and with it what is known of the node."""

    def __init__(self, folder: Path, say: Callable[[str], None], *, keep: bool) -> None:
        """Take up the node that an earlier session kept, when it is still there; keep: leave one to the next."""
        self.folder = folder
        self.say = say
        self.keep = keep
        # One folder, and so one state file, for all of them: molecule then knows that the node exists.
        self.env = {
            "PATH": f"{ROOT / 'blackstart' / 'ansible' / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}",
            "BLACKSTART_PREFORK": str(folder.with_name("prefork.sock")),
            "BLACKSTART_ANSIBLE_PLAYBOOK": str(Path(sys.executable).with_name("ansible-playbook")),
            "PYTHONPATH": str(ROOT),
            "MOLECULE_EPHEMERAL_DIRECTORY": str(folder),
            "NO_COLOR": "1",
        }
        # Scenarios that the node has behind it, each with what its role was then; None when there is no node.
        self.behind: dict[str, str] | None = self._recalled()

    @contextmanager
    def prefork(self) -> Iterator[None]:
        """Keep an Ansible loaded meanwhile (blackstart/ansible/prefork.py)."""
        path = Path(self.env["BLACKSTART_PREFORK"])
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        argv = [sys.executable, "-m", "blackstart.ansible.prefork", str(path)]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, cwd=ROOT, env={**os.environ, **self.env}) as running:
            yield
            running.communicate()

    def test(self, scenario: Scenario) -> Result:
        """Run one scenario on a node that fits it; AssertionError with what molecule said when it fails."""
        began = time.monotonic()
        if self.behind is None or not scenario.fits(self.behind):
            self.destroy()
        fresh = self.behind is None
        behind = self.behind or {}
        # Until it is known to have gone well, nobody else builds on this node.
        self._remember(None)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.folder / "results.jsonl").unlink(missing_ok=True)
        missing = scenario.missing(name for name, then in behind.items() if then == scenarios.digest(name))
        prepared = behind | {name: scenarios.digest(name) for name in missing}
        itself = {scenario.name: scenarios.digest(scenario.name)}
        try:
            self._unprepared(prepare=scenarios.stage(self.folder, scenario, missing))
            self._run("test", "--scenario-name", scenario.folder, "--destroy", "never", scenario=scenario.name)
        except AssertionError:
            converged = any(run["playbook"] == "converge.yml" for run in self._results())
            if self.keep and scenario.node == "shared" and converged:
                # Whoever mends the role goes on with the node as it was prepared.
                self._remember(prepared | (itself if scenario.alternative else {}))
            raise
        self._remember(prepared | itself)
        result = Result(time.monotonic() - began, self._results())
        self.say(f"{scenario.name}: {result}" + (" on a new node" if fresh else ""))
        if scenario.node == "own":
            self.destroy()
        return result

    def destroy(self) -> None:
        """Remove the node, its network and what is known of it."""
        node = ROOT / ".config" / "molecule" / "node.py"
        process.run([sys.executable, node, "down", self.folder], cwd=ROOT, env=self.env, timeout=PATIENCE)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.behind = None

    def _unprepared(self, *, prepare: bool) -> None:
        """Tell molecule whether there is anything to prepare: for it a node is prepared once and for all."""
        path = self.folder / "state.yml"
        if path.is_file():
            path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | {"prepared": not prepare}))

    def _run(self, *words: str, scenario: str) -> None:
        molecule = Path(sys.executable).with_name("molecule")
        env = {**self.env, "SCENARIO": scenario}
        done = process.run([molecule, *words], cwd=ROOT, env=env, check=False, timeout=PATIENCE)
        assert done.returncode == 0, f"{done.stdout[-8000:]}\n{done.stderr[-4000:]}"

    def _results(self) -> tuple[dict[str, Any], ...]:
        path = self.folder / "results.jsonl"
        return tuple(json.loads(line) for line in path.read_text().splitlines()) if path.exists() else ()

    def _remember(self, behind: dict[str, str] | None) -> None:
        self.behind = behind
        if behind is None:
            (self.folder / "node.json").unlink(missing_ok=True)
            return
        known = {"checkout": str(ROOT), "node": _container(), "behind": behind}
        (self.folder / "node.json").write_text(json.dumps(known))

    def _recalled(self) -> dict[str, str] | None:
        """Return what an earlier session of this checkout wrote down, when its node is still there."""
        with suppress(OSError, ValueError, KeyError):
            known = json.loads((self.folder / "node.json").read_text())
            if known["checkout"] == str(ROOT) and known["node"] and known["node"] == _container():
                return dict(known["behind"])
        return None


def _container() -> str:
    """Return the running node's id, empty when there is none."""
    found = [each for name, each in podman.local().containers(LABEL).items() if name.endswith("melchior-1")]
    return found[0].id if found and found[0].state == "running" else ""


def folder() -> Path:
    """Return where a node is remembered between sessions."""
    return paths.state("molecule") / "kept"


if __name__ == "__main__":
    with exclusive(paths.state("molecule") / "tests.lock", "molecule-clean"):
        Molecule(folder(), lambda _line: None, keep=False).destroy()
