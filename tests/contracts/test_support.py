"""Helpers are apart from tests: no test imports another one, and nothing in tests/support is collected."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests"
FILES = sorted(path for path in TESTS.rglob("*.py") if "live" not in path.parts)


def imported(path: Path) -> set[str]:
    """Return the modules below `tests` that a file imports."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
    return {name for node in nodes if (name := node.module or "").startswith("tests.")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TESTS)))
def test_no_test_is_imported(path: Path) -> None:
    assert [name for name in imported(path) if name.rpartition(".")[2].startswith("test_")] == []


def test_what_is_no_test_is_in_support() -> None:
    allowed = {"conftest.py", "run.py"}  # pytest's own place for fixtures, and what `make test` runs
    rooms = {TESTS / "support", TESTS / "bench"}
    others = [path for path in FILES if not path.name.startswith("test_") and not rooms & set(path.parents)]
    assert [str(path.relative_to(TESTS)) for path in others if path.name not in allowed] == []


def test_support_has_no_tests() -> None:
    assert list((TESTS / "support").rglob("test_*.py")) == []
