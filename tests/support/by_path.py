"""Loads what Ansible loads by its path: a role's module, plugin or program."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import ansible.module_utils

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
UTILS = str(ROOT / "blackstart" / "ansible" / "module_utils")


def load(path: str) -> ModuleType:
    """Load a file of the repository as a new module."""
    # Ansible sends ours along with its own (ANSIBLE_MODULE_UTILS).
    if UTILS not in ansible.module_utils.__path__:
        ansible.module_utils.__path__.append(UTILS)
    spec = importlib.util.spec_from_file_location(Path(path).stem, ROOT / path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
