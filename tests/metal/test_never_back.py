"""A machine that was installed loses its power before its own system answers; then the same again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from blackstart.errors import Exit, GateTimeoutError
from blackstart.metal.installers import live_install
from blackstart.metal.installers.netboot import NetbootInstaller
from blackstart.power.base import Power
from tests.support.metal import ordered
from tests.support.metal.lan import Lan
from tests.support.metal.machine import Machine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.metal.ordered import Ordered

pytestmark = [pytest.mark.lab, pytest.mark.metal, pytest.mark.long]
INSTALLED = "installed; waiting for its own system"


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    lan = Lan(tmp_path / "lan")
    lan.up()
    made = Machine(tmp_path / "machine", lan)
    try:
        made.make()
        made.save()
        yield made
    finally:
        made.cut()
        lan.down()


@pytest.fixture
def made(machine: Machine, tmp_path: Path) -> Ordered:
    return ordered.make(tmp_path, machine)


def test_it_is_said_and_the_same_again_awaits_it_without_another_installation(machine: Machine, made: Ordered) -> None:
    def say(words: str) -> None:
        made.said.append(words)
        if words.endswith(INSTALLED):
            machine.cut()

    with pytest.raises(GateTimeoutError, match="was installed and never came back as its own system") as caught:
        NetbootInstaller(boot_seconds=5).install(made.order, replace(made.site, say=say))
    assert caught.value.exit_code == Exit.TIMEOUT, made.said
    assert "the same command" in caught.value.hint
    assert made.site.driver.state().power is Power.OFF
    made.said.clear()
    NetbootInstaller().install(made.order, made.site)
    assert live_install.installed(made.order, made.site)
    assert any("was installed by an earlier run" in words for words in made.said)
    assert not any("/live/" in words for words in made.said), "it was given the live system once more"
