"""Machines that bring their own driver and installer are found by their name alone."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from blackstart import plugin
from blackstart.errors import InputError
from blackstart.lab.installer import ContainerInstaller
from blackstart.lab.power import PodmanPower

if TYPE_CHECKING:
    from pathlib import Path


def test_the_practice_cluster_is_one() -> None:
    assert isinstance(plugin.load("lab", "power").driver("casper-3"), PodmanPower)
    assert isinstance(plugin.load("lab", "installer").installer("casper-3"), ContainerInstaller)


@pytest.mark.parametrize("part", ["power", "installer"])
def test_one_that_is_not_there_is_bad_input(part: str) -> None:
    with pytest.raises(InputError, match=r"blackstart\.nowhere\.\w+ cannot be imported"):
        plugin.load("nowhere", part)


def test_one_that_misses_a_package_of_its_own_says_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import blackstart  # noqa: PLC0415 - its path is what changes

    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "__init__.py").touch()
    (tmp_path / "broken" / "power.py").write_text("import no_such_package\n")
    monkeypatch.setattr(blackstart, "__path__", [*blackstart.__path__, str(tmp_path)])
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        plugin.load("broken", "power")
    sys.modules.pop("blackstart.broken", None)
