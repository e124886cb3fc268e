"""One practice machine for a module's tests, in their order; the end of its console is shown when one fails."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from blackstart import paths
from tests.support.disks import images as disk_images
from tests.support.metal import built, live, repository, site
from tests.support.metal.lan import Lan
from tests.support.metal.machine import CANARIES, Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from tests.support.metal.site import Site


@pytest.fixture(scope="session")
def say(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Return what writes a line to the terminal while a test runs."""
    terminal = pytestconfig.pluginmanager.get_plugin("terminalreporter")
    capture = pytestconfig.pluginmanager.get_plugin("capturemanager")

    def write(line: str) -> None:
        if terminal and capture:
            with capture.global_and_fixture_disabled():
                terminal.write_line(line)

    return write


@pytest.fixture(scope="module")
def practice(say: Callable[[str], None]) -> Iterator[Site]:
    """Build what is needed, make a machine with somebody's data on two disks, and take it away afterwards."""
    parts = [built.ensure(part, say) for part in (live.part(), repository.part())]
    room = paths.cache() / "metal-room"
    machine = Machine(room / site.NAME, Lan(room / "lan", leases={site.MAC: site.ADDRESS}), site.NAME, site.MAC)
    machine.lan.claim()  # before anything of it is touched: another run may have it
    machine.cut()
    shutil.rmtree(room, ignore_errors=True)
    site.make(room, *parts)
    machine.make()
    machine.lan.up()
    for serial in CANARIES:
        disk_images.ext4(machine.disk(serial))
        disk_images.write(machine.disk(serial), 5 << 30, disk_images.CANARY)
    with site.serve(room / "www", machine.lan.here) as url:
        yield site.Site(room, machine, url)
        machine.cut()
    machine.lan.down()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the end of the console to a failure."""
    report = yield
    funcargs = getattr(item, "funcargs", {})
    if report.failed and "practice" in funcargs:
        report.sections.append(("console", funcargs["practice"].machine.tail()))
    return report
