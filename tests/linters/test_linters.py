"""Linters as tests: skipped where a tool is missing, required in CI."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from blackstart.engine import galaxy, process

ROOT = Path(__file__).resolve().parents[2]
SHELL = re.compile(rb"#!.*\b(ba)?sh\b")
# What the virtual environment brings comes first, as in the Makefile.
PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"


def lint(*argv: str | Path, env: dict[str, str] | None = None) -> None:
    done = process.run(argv, cwd=ROOT, check=False, env={"PATH": PATH, "NO_COLOR": "1", **(env or {})})
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"


def tool(name: str) -> Path | str:
    """Return a tool of this interpreter's own environment, else its name for PATH."""
    beside = Path(sys.executable).with_name(name)
    if beside.exists():
        return beside
    if not any((Path(folder) / name).exists() for folder in PATH.split(":")):
        if os.environ.get("CI"):
            pytest.fail(f"{name} is not installed; in CI every linter is required")
        pytest.skip(f"{name} is not installed")
    return name


def test_ruff_check() -> None:
    lint(tool("ruff"), "check", ".")


def test_ruff_format() -> None:
    lint(tool("ruff"), "format", "--check", ".")


def test_mypy() -> None:
    lint(tool("mypy"))


@pytest.mark.slow
def test_ansible_lint() -> None:
    collections = str(galaxy.ensure())
    lint(
        tool("ansible-lint"), "--config-file", ".config/ansible-lint.yml", env={"ANSIBLE_COLLECTIONS_PATH": collections}
    )


def test_yamllint() -> None:
    lint(tool("yamllint"), "--strict", "--config-file", ".config/yamllint.yml", ".")


def test_shellcheck() -> None:
    rooms = (".ci", ".config", "blackstart", "roles", "molecule", "tests")
    files = [path for room in rooms for path in sorted((ROOT / room).rglob("*")) if path.is_file()]
    lint(tool("shellcheck"), *(path for path in files if SHELL.match(path.read_bytes()[:40])))
