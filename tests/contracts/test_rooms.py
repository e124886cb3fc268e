"""Which room may import which: only what is on a lower floor, and the product knows nothing of the practice cluster."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAB = "blackstart.lab"
DOOR = "blackstart/cli/lab.py"  # the verb `lab`
SOURCES = sorted(
    path
    for path in (ROOT / "blackstart").rglob("*.py")
    if ROOT / "blackstart/ansible/module_utils" not in path.parents  # a link to blackstart/node
)
PRODUCT = [path for path in SOURCES if ROOT / "blackstart/lab" not in path.parents]
# From the ground up; rooms of one floor do not know each other. What reaches programs and machines stands in the
# engine's folder, and below all that asks through it.
FLOORS = (
    ("blackstart", "blackstart.errors", "blackstart.paths", "blackstart.words"),
    ("blackstart.node", "blackstart.bundle", "blackstart.report", "blackstart.ceph", "blackstart.plugin"),
    ("blackstart.engine.process", "blackstart.engine.channel"),
    ("blackstart.model",),
    ("blackstart.disks", "blackstart.engine.ssh"),
    ("blackstart.engine.carrier",),
    ("blackstart.probe", "blackstart.ansible"),
    ("blackstart.step",),
    ("blackstart.engine", "blackstart.phases"),
    ("blackstart.power",),
    ("blackstart.metal",),
    ("blackstart.rebuild", "blackstart.lab"),
    ("blackstart.verbs",),
    ("blackstart.cli",),
    ("blackstart.__main__",),
)


def named(path: Path) -> set[str]:
    """Return every module of ours that a file names, for its annotations or in a text as well."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.add(node.value)
    return names


def module(path: Path) -> str:
    """Return the name that a file is imported by."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> set[str]:
    """Return the modules of ours that a file imports, by relative names, for annotations and inside functions too."""
    names: set[str] = set()
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else ()
            origin = ".".join([*above, *([node.module] if node.module else [])])
            names.update(f"{origin}.{alias.name}" for alias in node.names)
    return {name for name in names if name.split(".")[0] == "blackstart"}


def place(name: str) -> tuple[int, str]:
    """Return the floor and the room of a module, or of a name in one: the longest that it begins with."""
    rooms = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
    room = max((room for room in rooms if f"{name}.".startswith(f"{room}.")), key=len)
    return rooms[room], room


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_verb_lab_imports_the_practice_cluster(path: Path) -> None:
    found = {name for name in named(path) if name == LAB or name.startswith(f"{LAB}.")}
    assert not found or str(path.relative_to(ROOT)) == DOOR


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_room_imports_only_from_rooms_below_it(path: Path) -> None:
    """For annotations as well: a room can be read without those above it."""
    here = place(module(path))
    above = sorted(name for name in imported(path) if place(name)[0] > here[0])
    beside = sorted(name for name in imported(path) if place(name)[0] == here[0] and place(name)[1] != here[1])
    assert (above, beside) == ([], [])
