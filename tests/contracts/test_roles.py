"""The shape of a role: its stages, the names of its tasks and variables, its documents."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.roles import ROLES, ROOT, defaults_of, load, tasks

# A role that installs something, and one that acts: it checks, then acts.
STAGES = ("preflight", "install", "configure", "run")
TWO = ("preflight", "run")
# What a role that acts must not do.
INSTALLING = {"community.general.pacman", "blackstart_pacstrap", "ansible.builtin.get_url"}
# A task's name is an order, and these are all the orders: a state, an assertion, a look, a pause, a program, a message.
VERBS = ("Ensure", "Check", "Read", "Wait for", "Run", "Report")
SET_FACT = "ansible.builtin.set_fact"
IDLE = {"ansible.builtin.debug", "ansible.builtin.meta"}
# They write to disks: in an installing role that is only right where the installation is the disk's new content.
ERASING = {"blackstart_disk_wipe": set(), "blackstart_boot_disk": {"arch_install"}}
KEYWORDS = {
    *("name", "when", "vars", "tags", "register", "loop", "loop_control", "until", "retries", "delay", "environment"),
    *("changed_when", "failed_when", "check_mode", "ignore_errors", "no_log", "run_once", "delegate_to", "notify"),
    *("block", "rescue", "always"),
}


def stages(role: str) -> tuple[str, ...]:
    """Return the stages that a role has, in order."""
    imported = load(ROOT / "roles" / role / "tasks/main.yml")
    return tuple(task["ansible.builtin.import_tasks"].removesuffix(".yml") for task in imported)


def of_stage(role: str, stage: str) -> list[dict[str, Any]]:
    return list(tasks(load(ROOT / "roles" / role / "tasks" / f"{stage}.yml")))


def modules(role: str, stage: str) -> set[str]:
    return {name for task in of_stage(role, stage) for name in task.keys() - KEYWORDS}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_the_stages_of_its_kind_and_nothing_else(role: str) -> None:
    assert stages(role) in {STAGES, TWO}
    # Preflight has every stage's tag: no stage runs without what is checked and read there.
    tags = [[f"{role}_{stage}" for stage in stages(role)], *([f"{role}_{stage}"] for stage in stages(role)[1:])]
    assert [task["tags"] for task in load(ROOT / "roles" / role / "tasks/main.yml")] == tags
    files = {path.stem for path in (ROOT / "roles" / role / "tasks").iterdir()}
    assert files & set(STAGES) == set(stages(role)), f"{role}: a stage file that main.yml does not import"
    assert stages(role) == STAGES or not modules(role, "run") & INSTALLING, f"{role} installs something: {STAGES}"


@pytest.mark.parametrize(("role", "stage"), [(role, stage) for role in ROLES for stage in stages(role)])
def test_a_stage_does_something(role: str, stage: str) -> None:
    assert modules(role, stage) - IDLE - {SET_FACT}, f"roles/{role}/tasks/{stage}.yml is a stub"


@pytest.mark.parametrize("role", [role for role in ROLES if stages(role) == STAGES])
def test_a_stage_does_what_it_is_called(role: str) -> None:
    assert SET_FACT not in modules(role, "configure"), "configure writes configuration; what a role found is a variable"
    for stage in ("install", "configure"):
        erasing = {name for name in modules(role, stage) & ERASING.keys() if role not in ERASING[name]}
        assert not erasing, f"roles/{role}/tasks/{stage}.yml erases a disk: {', '.join(erasing)}"


@pytest.mark.parametrize("role", ROLES)
def test_a_task_s_name_is_an_order(role: str) -> None:
    files = sorted((ROOT / "roles" / role).glob("tasks/*.yml"))
    names = [str(task.get("name", "")) for path in files for task in tasks(load(path))]
    assert [name for name in names if not name.startswith(tuple(f"{verb} " for verb in VERBS))] == []


def test_a_playbook_s_task_is_named_like_a_role_s() -> None:
    plays = [play for path in sorted((ROOT / "playbooks").glob("*.yml")) for play in load(path)]
    names = [str(task.get("name", "")) for play in plays for task in tasks(play.get("tasks", []))]
    assert [name for name in names if not name.startswith(tuple(f"{verb} " for verb in VERBS))] == []


@pytest.mark.parametrize("role", ROLES)
def test_argument_specs_are_the_defaults(role: str) -> None:
    defaults = defaults_of(role)
    options = load(ROOT / "roles" / role / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    required = {name for name, option in options.items() if option.get("required")}
    assert set(defaults) == set(options) - required, "a variable is in one of the two only"
    for name, value in defaults.items():
        assert options[name].get("default") == value, f"{name}: defaults/main.yml and argument_specs.yml differ"
        assert options[name].get("description"), f"{name} has no description"


@pytest.mark.parametrize("role", ROLES)
def test_variables_carry_the_name_of_their_role(role: str) -> None:
    folder = ROOT / "roles" / role
    for name in defaults_of(role):
        assert name.startswith(f"{role}_"), name
    for name in (load(folder / "vars/main.yml") if (folder / "vars/main.yml").exists() else None) or {}:
        assert name.startswith(f"_{role}_"), name
    for path in sorted(folder.rglob("tasks/*.yml")):
        for name in re.findall(r"^\s+register: (\S+)", path.read_text(), re.MULTILINE):
            assert name.startswith(f"__{role}_"), f"{path.name}: {name}"


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_explained_and_tested(role: str) -> None:
    assert (ROOT / "roles" / role / "README.md").is_file()
    if place := load(ROOT / "molecule/exceptions.yml")["elsewhere"].get(role):
        assert place["why"]
        assert (ROOT / place["proof"] / f"test_{role}.py").is_file(), f"{place['proof']} proves nothing of {role}"
        return
    assert (ROOT / "molecule" / role / "molecule.yml").is_file(), f"no scenario: molecule/{role}"
    assert list((ROOT / "molecule" / role / "tests").glob("test_*.py")), f"molecule/{role} proves nothing"
