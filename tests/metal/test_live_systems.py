"""The real cloud-init takes what we tell a live system, over HTTP and from a stick's volume (a minute and more each).

Each ends with a refusal: the inventory names another machine. So the live system has answered with the host key that
was made for this order, let in the key that was made for it, and nothing was written.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from blackstart.errors import RefusedError
from blackstart.metal.installers.media import MediaInstaller
from blackstart.metal.installers.netboot import NetbootInstaller
from tests.support.metal import built, live, ordered, paper
from tests.support.metal.lan import Lan
from tests.support.metal.machine import ARGUMENTS, Direct, Machine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from blackstart.engine.runner import Runner
    from blackstart.metal.installers.base import Installer
    from blackstart.power.base import Driver

pytestmark = [pytest.mark.lab, pytest.mark.metal, pytest.mark.long]
WRONG_BOARD = "ANOTHER-BOARD"
REFUSED = f"board's serial number is BOARD-0001, wanted {WRONG_BOARD}"


@dataclass
class Practice:
    """A machine with blank disks, and an order for a machine with another board."""

    room: Path
    machine: Machine
    live: Path

    def refuse(self, installer: Installer, line: str, driver: Driver) -> list[str]:
        """Install, see it refused by the live system's own words, and return what was said."""
        made = ordered.make(self.room, self.machine, live_system=self.live, board=WRONG_BOARD, line=line)

        def say(words: str) -> None:
            made.said.append(words)
            if words.startswith("3. "):  # what the instructions end with is for a person to do
                driver.on()

        with pytest.raises(RefusedError, match=REFUSED):
            installer.install(made.order, replace(made.site, driver=driver, runner=_never, say=say))
        return made.said


def _never(_folder: Path) -> Runner:
    raise AssertionError("the role was to be run")


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[Practice]:
    lan = Lan(tmp_path / "lan")
    lan.up()
    machine = Machine(tmp_path / "machine", lan)
    machine.make()
    machine.save()
    try:
        yield Practice(tmp_path, machine, live.with_cloud_init(built.ensure(live.part()), tmp_path / "live"))
    finally:
        machine.cut()
        lan.down()


def test_over_http(practice: Practice) -> None:
    said = practice.refuse(
        NetbootInstaller(), f"{ARGUMENTS} cloud-init=enabled ds=nocloud;s={{seed}}", practice.machine
    )
    assert any("asked for /seed/…/vendor-data" in line for line in said), "it was not the real cloud-init that asked"


def test_from_a_stick(practice: Practice) -> None:
    kernel = Direct(
        practice.live / live.KERNEL, practice.live / live.CPIO, f"{ARGUMENTS} cloud-init=enabled ds=nocloud"
    )
    stick = practice.room / "state/blackstart/metal/installs" / paper.NODE / "live" / "seed.img"
    said = practice.refuse(MediaInstaller(), "", replace(practice.machine, direct=kernel, sticks=(stick,)))
    assert any(f"dd if={stick}" in line for line in said)
