"""What a phase with a role consists of: a dozen files, and whatever is missing is named."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from blackstart import verbs
from tests.support.roles import ROOT, tasks

if TYPE_CHECKING:
    from pathlib import Path

PHASES = [phase.name for phase in verbs.UP]
MOST = 12
VERBS = "blackstart/verbs.py"
SITE = "playbooks/site.yml"
UNIT = "tests/unit/test_phases_{}.py"


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text()) if path.is_file() else None


def roles_of(root: Path, phase: str) -> list[str]:
    """Return the roles that a phase's playbook runs; that of its own name while there is no playbook."""
    plays = read(root / "playbooks" / f"{phase}.yml") or [{"roles": [phase]}]
    named = [entry["role"] if isinstance(entry, dict) else entry for play in plays for entry in play.get("roles", [])]
    included = [task.get("ansible.builtin.include_role", {}) for play in plays for task in tasks(play.get("tasks", []))]
    return list(dict.fromkeys([*named, *(entry["name"] for entry in included if entry)]))


def in_unit_tests(root: Path) -> set[str]:
    """Return the phases' modules that unit tests import."""
    found: set[str] = set()
    for path in (root / "tests/unit").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "blackstart.phases":
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and str(node.module).startswith("blackstart.phases."):
                found.add(str(node.module).rpartition(".")[2])
    return found


def role_s(root: Path, role: str) -> list[str]:
    """Return the files that a role must have."""
    room = f"roles/{role}"
    stages = [task["ansible.builtin.import_tasks"] for task in read(root / room / "tasks/main.yml") or []]
    found = [f"{room}/README.md", f"{room}/meta/argument_specs.yml", f"{room}/tasks/main.yml"]
    found += [f"{room}/tasks/{stage}" for stage in stages or ("preflight.yml", "run.yml")]
    specs = read(root / room / "meta/argument_specs.yml") or {"argument_specs": {"main": {"options": {}}}}
    if any(not option.get("required") for option in specs["argument_specs"]["main"]["options"].values()):
        found.append(f"{room}/defaults/main.yml")
    elsewhere = (read(root / "molecule/exceptions.yml") or {}).get("elsewhere", {})
    if place := elsewhere.get(role):
        return [*found, f"{place['proof']}/test_{role}.py"]
    found += [f"molecule/{role}/molecule.yml", f"molecule/{role}/tests/test_{role}.py"]
    scenario = read(root / f"molecule/{role}/molecule.yml") or {}
    groups = scenario.get("provisioner", {}).get("inventory", {}).get("group_vars", {})
    if (root / f"molecule/{role}/molecule.yml").is_file() and "alternative" not in groups:
        found.append(f"molecule/{role}_alternative/molecule.yml")
    return found


def missing(root: Path, phase: str, named: list[str]) -> list[str]:
    """Return every file that a phase and its roles lack; `named` are the phases that verbs.py has."""
    wanted = [f"blackstart/phases/{phase}.py", f"playbooks/{phase}.yml"]
    for role in roles_of(root, phase):
        wanted += role_s(root, role)
    found = [name for name in wanted if not (root / name).is_file()]
    if phase not in named:
        found.append(VERBS)
    imports = [entry["ansible.builtin.import_playbook"] for entry in read(root / SITE) or []]
    if f"{phase}.yml" not in imports:
        found.append(SITE)
    if phase not in in_unit_tests(root):
        found.append(UNIT.format(phase))
    return sorted(found)


@pytest.mark.parametrize("phase", PHASES)
def test_a_phase_has_all_of_its_files(phase: str) -> None:
    left = missing(ROOT, phase, PHASES)
    assert not left, f"{phase} lacks {', '.join(left)}"


def test_every_phase_s_module_is_in_a_verb() -> None:
    modules = [path for path in sorted((ROOT / "blackstart/phases").glob("*.py")) if "\nPHASE = " in path.read_text()]
    assert [path.stem for path in modules if path.stem not in PHASES] == [], f"not in {VERBS}"


def test_adding_a_phase_with_a_role_touches_a_dozen_files_and_each_is_named(tmp_path: Path) -> None:
    touched: list[str] = []
    while left := missing(tmp_path, "toy", ["toy"] if VERBS in touched else []):
        assert left[0] not in touched, f"{left[0]} is there, and still asked for"
        touched.append(left[0])
        write(tmp_path / left[0])
    assert touched == [name for name in touched if "toy" in name or name in {VERBS, SITE}]
    assert len(touched) <= MOST, touched


def write(path: Path) -> None:
    """Write what somebody who adds the phase `toy` would, as far as the contract reads it."""
    stages = [{"ansible.builtin.import_tasks": f"{stage}.yml"} for stage in ("preflight", "run")]
    texts = {
        "site.yml": [{"ansible.builtin.import_playbook": "toy.yml"}],
        "toy.yml": [{"roles": [{"role": "toy"}]}],
        "argument_specs.yml": {"argument_specs": {"main": {"options": {"toy_word": {"required": True}}}}},
        "main.yml": stages,
        "molecule.yml": {"provisioner": {"inventory": {"group_vars": {"alternative": {"toy_word": "other"}}}}},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(texts.get(path.name, {}))
    path.write_text("from blackstart.phases import toy\n" if path.suffix == ".py" else text)
