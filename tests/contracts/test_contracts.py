"""What holds this repository together, as tests that name what is missing."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from ansible_mitogen import module_finder

from blackstart import verbs
from blackstart.engine import carrier
from blackstart.engine.plan import faults
from tests.support.by_path import load as load_by_path

if TYPE_CHECKING:
    from blackstart.step import Step

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "blackstart"
PHASES = [phase.name for phase in verbs.UP]
MODULES = [*(PACKAGE / "ansible/modules").glob("*.py"), *(ROOT / "roles").glob("*/library/*.py")]
LONGEST_FILE = 300  # lines; the aim is 60-150
# One door each: the only module that may import it.
DOORS = {
    "subprocess": "blackstart/engine/process.py",
    "ansible_runner": "blackstart/engine/runner.py",
    "paramiko": "blackstart/engine/ssh.py",
}
# Sent to the nodes as they are: they have neither our doors nor our command line.
ON_THE_NODE = ("blackstart/node/", "blackstart/ansible/modules/")


def load(path: Path) -> Any:
    assert path.is_file(), f"{path.relative_to(ROOT)} is missing"
    return yaml.safe_load(path.read_text())


def python_files() -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in PACKAGE.rglob("*.py"))


def imported(path: str) -> set[str]:
    """Return what a module imports when it runs; what it imports for its annotations alone does not count."""
    names: set[str] = set()
    tree = ast.parse((ROOT / path).read_text())
    tree.body = [
        node for node in tree.body if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test))
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("phase", PHASES)
def test_a_phase_has_a_module_and_a_playbook_of_its_name(phase: str) -> None:
    assert (PACKAGE / "phases" / f"{phase}.py").is_file()
    plays = load(ROOT / "playbooks" / f"{phase}.yml")
    assert all(play["name"][0].isupper() for play in plays)


def test_the_site_playbook_imports_the_phases_in_order() -> None:
    imports = [entry["ansible.builtin.import_playbook"] for entry in load(ROOT / "playbooks/site.yml")]
    assert imports == [f"{phase}.yml" for phase in PHASES]


@pytest.mark.parametrize("steps", [verbs.UP, verbs.REBUILD, *verbs.ONLY.values()])
def test_a_step_needs_only_what_there_is_and_comes_before_it(steps: tuple[Step, ...]) -> None:
    """So there is no circle of needs either."""
    assert faults(steps, {step.name for step in verbs.ALL}) == []


@pytest.mark.parametrize(("module", "door"), DOORS.items())
def test_there_is_one_door(module: str, door: str) -> None:
    assert [path for path in python_files() if module in imported(path) and not path.startswith(ON_THE_NODE)] == [door]


def test_modules_start_programs_through_one_door() -> None:
    """AnsibleModule.run_command is none: it loses output on a busy node (node/command.py)."""
    door = "blackstart/node/command.py"
    files = [
        *(PACKAGE / "node").rglob("*.py"),
        *(PACKAGE / "ansible/modules").glob("*.py"),
        *(ROOT / "roles").glob("*/library/*.py"),
    ]
    names = sorted(str(path.relative_to(ROOT)) for path in files)
    assert [name for name in names if "subprocess" in imported(name)] == [door]
    assert [name for name in names if ".run_command(" in (ROOT / name).read_text()] == []


def test_what_runs_on_a_node_needs_only_what_is_there() -> None:
    for path in (path for path in python_files() if path.startswith(ON_THE_NODE)):
        # Of our own only by relative names, which hold under both names of the package.
        assert imported(path) - sys.stdlib_module_names <= ({"ansible"} if "/ansible/" in path else set()), path


@pytest.mark.parametrize(
    "path",
    [*(PACKAGE / "ansible/modules").glob("*.py"), *(ROOT / "roles").glob("*/library/*.py")],
    ids=lambda p: p.stem,
)
def test_a_module_is_sent_with_all_that_it_imports(path: Path) -> None:
    """Mitogen finds by itself what a module needs, through one_python.py; receipts find the same by the carrier."""
    utils = PACKAGE / "ansible/module_utils"
    load_by_path("blackstart/ansible/strategy/one_python.py")
    sent = {name for name, origin, package in module_finder.scan(path.stem, str(path), [str(utils)]) if not package}
    prefix = "ansible.module_utils.blackstart_node."
    found = {name.removeprefix(prefix) for name in sent if name.startswith(prefix)}
    # module.py is imported by most for annotations alone.
    assert found - {"module"} == carrier.reached(path) - {"module"}


def test_only_the_command_line_prints() -> None:
    for path in python_files():
        if path.startswith("blackstart/cli/"):
            continue
        calls = [node for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.Call)]
        names = {call.func.id for call in calls if isinstance(call.func, ast.Name)}
        assert "print" not in names, f"{path} prints"


def test_no_file_is_too_long() -> None:
    suffixes = {".py", ".yml", ".yaml", ".sh", ".j2"}
    rooms = ("blackstart", "roles", "playbooks", "inventory", "bootstrap", "molecule", "tests", ".config")
    files = [path for room in rooms for path in (ROOT / room).rglob("*") if path.suffix in suffixes]
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in files}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_every_ignored_rule_has_a_reason() -> None:
    bare = re.compile(r'^\s*"[A-Z]+\d+",?\s*$')
    settings = (ROOT / "pyproject.toml").read_text().splitlines()
    assert [line for line in settings if bare.match(line)] == []
    for room in ("blackstart", "tests", "molecule"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for number, line in enumerate(path.read_text().splitlines(), start=1):
                for marker in ("# noqa", "# type: ignore"):
                    found = line.partition(f" {marker}")[2]
                    assert not found or " - " in found, f"{path.relative_to(ROOT)}:{number}: {marker} without a reason"


def test_nothing_is_left_to_do() -> None:
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    rooms = ("blackstart", "roles", "playbooks", "inventory", "bootstrap", "molecule")
    for room in rooms:
        for path in sorted(entry for entry in (ROOT / room).rglob("*") if entry.is_file()):
            if path.suffix in {".py", ".yml", ".yaml", ".j2", ".md", ".sh", ".html"}:
                assert not words.search(path.read_text()), path.relative_to(ROOT)
