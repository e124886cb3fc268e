"""A management controller for a machine that libvirt switches: sushy-tools' emulator on loopback, speaking Redfish."""

from __future__ import annotations

import socket
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from blackstart.engine import process

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECONDS = 30.0
# The bindings are compiled for one Python and are not on PyPI as a wheel: the distribution's, which is for its own.
_BINDINGS = ("libvirt.py", "libvirtmod.*.so")
_PACKAGES = ("/usr/lib/python3/dist-packages", f"/usr/lib/python3.{sys.version_info.minor}/site-packages")


@contextmanager
def running(room: Path, uri: str) -> Iterator[str]:
    """Run it over a libvirt, with a new folder of its own, while the block runs; yields its address."""
    (room / "python").mkdir(parents=True)
    for packages in map(Path, _PACKAGES):
        for name in _BINDINGS:
            for file in packages.glob(name):
                (room / "python" / file.name).symlink_to(file)
    (room / "emulator.conf").write_text(f"SUSHY_EMULATOR_STATE_DIR = {str(room)!r}\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    words = ["env", f"PYTHONPATH={room / 'python'}", sys.executable, "-m", "sushy_tools.emulator.main"]
    words += ["--config", str(room / "emulator.conf"), "--libvirt-uri", uri, "--interface", "127.0.0.1"]
    said: list[str] = []
    with process.beside([*words, "--port", str(port)], said.append) as runs:
        end = time.monotonic() + _SECONDS
        while not _answers(port):
            assert runs(), said
            assert time.monotonic() < end, said
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
