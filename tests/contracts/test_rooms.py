"""Which room may import which: the product knows nothing of the practice cluster."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LAB = "blackstart.lab"
DOOR = "blackstart/cli/lab.py"  # the verb `lab`
PRODUCT = sorted(path for path in (ROOT / "blackstart").rglob("*.py") if ROOT / "blackstart/lab" not in path.parents)


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


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_only_the_verb_lab_imports_the_practice_cluster(path: Path) -> None:
    found = {name for name in named(path) if name == LAB or name.startswith(f"{LAB}.")}
    assert not found or str(path.relative_to(ROOT)) == DOOR
