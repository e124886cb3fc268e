"""Installing from two sticks: Arch's official ISO on one, the live system's keys and settings on the other."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from blackstart.engine import process
from blackstart.errors import GateTimeoutError, InputError
from blackstart.metal import live_seed
from blackstart.metal.installers import live_install
from blackstart.power import waits

if TYPE_CHECKING:
    from blackstart.metal.installers.base import Site
    from blackstart.metal.installers.live_install import LiveSystem
    from blackstart.metal.live_seed import LiveKeys
    from blackstart.metal.order import Order
    from blackstart.model.cluster import Cluster

LIVE_SECONDS = 3600.0  # a person has to walk to the machine
LABEL = "CIDATA"  # by which cloud-init finds the volume
_KIBIBYTES = "2048"


@dataclass(frozen=True, slots=True)
class MediaInstaller:
    """An installer (base.py). seconds: how long a person may take until the live system answers."""

    seconds: float = LIVE_SECONDS

    def install(self, order: Order, site: Site) -> None:
        """Write the volume, say what to do with it, and install once the live system answers."""
        live_install.from_dark(order, site, lambda system, _dark: self._await_live(order, site, system))

    def _await_live(self, order: Order, site: Site, system: LiveSystem) -> None:
        image = system.told.folder / "seed.img"
        image.unlink(missing_ok=True)
        write(image, site.desired, order, system.told)
        for line in instructions(image, site.desired, order):
            site.say(line)
        node = site.desired.node(order.node)
        try:
            waits.await_live(node, site.driver, system.fleet, None, say=site.say, seconds=self.seconds)
        except GateTimeoutError as error:
            raise GateTimeoutError(
                f"the live system of {order.node} did not answer at {node.ansible_host}, timed out after "
                f"{self.seconds:.0f} s: {error.message}",
                hint="check its console: did it boot from the stick, and is its cable plugged in? Nothing on it was "
                "changed: run the same command again",
            ) from error
        site.say(f"{order.node}: its live system answers; the stick with the label {LABEL} can be removed")


def instructions(image: Path, desired: Cluster, order: Order) -> tuple[str, ...]:
    """Return what a person has to do, line by line (pure)."""
    netboot = desired.netboot
    return (
        f"{image} is for {order.node} only, and holds the ssh host key of its live system: keep it secret",
        f"1. write it to a stick:   dd if={image} of=/dev/disk/by-id/usb-YOUR-STICK bs=1M conv=fsync",
        f"2. write the ISO to another (SHA-256 {netboot.iso_sha256 or 'from sha256sums.txt'}): {netboot.iso_url}",
        f"3. plug both into {order.node}, switch it on, and boot from the ISO's stick",
    )


def write(image: Path, desired: Cluster, order: Order, told: LiveKeys) -> None:
    """Write the NoCloud volume, a FAT file system, to a new file with mode 0600; an existing file is refused."""
    try:
        image.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise InputError(
            f"{image} cannot be created: {error.strerror}",
            hint="name a new file: blackstart writes no device and replaces nothing; dd writes it to a stick",
        ) from error
    room = Path(tempfile.mkdtemp(prefix="blackstart-seed-"))
    try:
        for name, text in live_seed.seed(desired, order, told).items():
            (room / name).write_text(text)
        # Into the existing file, so that it is never readable for others.
        process.run(["truncate", "--size", f"{_KIBIBYTES}K", image])
        process.run(["mkfs.vfat", "-n", LABEL, image])
        process.run(["mcopy", "-i", image, *sorted(room.iterdir()), "::"])
    except process.ProcessError as error:
        image.unlink()
        raise InputError(
            f"the volume cannot be written: {error.message}", hint="the packages dosfstools and mtools are required"
        ) from error
    finally:
        shutil.rmtree(room)
