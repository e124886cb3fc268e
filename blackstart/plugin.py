"""Machines that bring their own power driver and installer: a package beside the product's, found by its name.

The inventory names it (`power: {driver: lab}`, `install_method: lab`) and nothing here imports it, so that the product
knows nothing of the practice cluster. blackstart/NAME/power.py has driver(node), blackstart/NAME/installer.py has
installer(node). Entry points would do the same, but only where the package was installed since they were declared.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from blackstart.errors import InputError

if TYPE_CHECKING:
    from types import ModuleType


def load(plugin: str, part: str) -> ModuleType:
    """Return one part of a plug-in, "power" or "installer". Raises InputError when there is none."""
    name = f"blackstart.{plugin}.{part}"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not name.startswith(error.name):
            raise  # it is there, and misses something itself
        raise InputError(f"there is no {part} {plugin}: {name} cannot be imported") from error
