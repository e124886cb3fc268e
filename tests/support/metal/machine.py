"""A practice machine: QEMU without hardware help, UEFI firmware, three NVMe disks, and power that can be cut.

No device has a boot index: then the firmware keeps its own boot order in its variables, as a real machine does. What
is in its folder is all there is of it, so another process can press its button (tests/support/metal/button.py).
"""

from __future__ import annotations

import json
import shutil
import signal
import socket
from dataclasses import dataclass, fields
from ipaddress import IPv4Network
from pathlib import Path
from typing import NamedTuple

from blackstart.engine import process
from blackstart.power.base import Power, PowerFacts, off_then_on
from tests.support.metal import programs
from tests.support.metal.lan import Lan

DISK_BYTES = 12_000_000_000  # "12 GB" as sold
MEMORY_MIB = 2560
SERIALS = ("BOOT0001", "CEPH0001", "CEPH0002")  # the boot disk's first
CANARIES = SERIALS[1:]
_FIRMWARE = (Path("/usr/share/OVMF"), Path("/usr/share/edk2/x64"))  # Debian, Arch
_WORDS, _PID, _MONITOR = "words.json", "machine.pid", "monitor"  # in its folder
# What a kernel is told here. An interpreted timer may be late, and then the kernel's test of it ends in a panic that
# nobody sees (arch/x86/kernel/apic/io_apic.c, check_timer).
ARGUMENTS = "console=ttyS0 no_timer_check"


class Direct(NamedTuple):
    """A kernel that QEMU hands to the firmware, which spares the way over the network."""

    kernel: Path
    initrd: Path
    line: str


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine on a network. Its folder holds disks, firmware variables and the log of its serial line.

    `rom`: the network card carries iPXE itself, in place of the firmware's own PXE client. `sticks` are images of
    volumes that are plugged in, and cannot be written.
    """

    folder: Path
    lan: Lan
    name: str = "metal-1"
    mac: str = "52:54:00:77:15:01"
    board: str = "BOARD-0001"
    serials: tuple[str, ...] = SERIALS
    memory_mib: int = MEMORY_MIB
    rom: bool = False
    direct: Direct | None = None
    sticks: tuple[Path, ...] = ()
    tells: bool = True
    repeat: float = 0.0

    @property
    def serial_log(self) -> Path:
        """All that it printed on its serial line since it was made."""
        return self.folder / "serial.log"

    @property
    def variables(self) -> Path:
        """What its firmware remembers."""
        return self.folder / "variables.fd"

    def disk(self, serial: str) -> Path:
        """Return the raw image of one of its disks."""
        return self.folder / f"{serial}.raw"

    def by_id(self, serial: str) -> str:
        """Return a disk's name below /dev/disk/by-id."""
        return f"nvme-QEMU_NVMe_Ctrl_{serial}"

    @property
    def tap(self) -> str:
        """The name of its end of the cable."""
        return f"{self.lan.name}-{self.mac[-2:]}"

    def make(self) -> None:
        """Create it with blank disks and factory settings; one of an earlier run is switched off and removed."""
        self.cut()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        for serial in self.serials:
            with self.disk(serial).open("wb") as file:
                file.truncate(DISK_BYTES)
        shutil.copy(firmware("VARS"), self.variables)

    def on(self) -> str:
        """Switch it on; harmless when it is on."""
        if programs.pid(self.folder / _PID):
            return f"{self.name} is on"
        self.lan.attach(self.tap)
        process.run(self._words())
        return f"switched {self.name} on"

    def off(self, *, force: bool = False) -> str:
        """Press its power button, which the system may ignore, or cut its power."""
        if force:
            self.cut()
            return f"cut the power of {self.name}"
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(str(self.folder / _MONITOR))
            monitor.sendall(b"system_powerdown\n")
            monitor.shutdown(socket.SHUT_WR)
            while monitor.recv(4096):  # it hangs up once it has read the command
                pass
        return f"pressed the power button of {self.name}"

    def cut(self) -> None:
        """Cut its power: what its system had not written yet is lost."""
        programs.end(self.folder / _PID, signal.SIGKILL)

    def cycle(self) -> str:
        """Cut its power and switch it on again."""
        return off_then_on(self)

    def state(self) -> PowerFacts:
        """Tell whether it has power."""
        power = Power.ON if programs.pid(self.folder / _PID) else Power.OFF
        return PowerFacts(power, f"{self.name} is {power}")

    def tail(self, lines: int = 60) -> str:
        """Return the last lines of its serial line, without what only a terminal understands."""
        text = self.serial_log.read_text(errors="replace") if self.serial_log.exists() else ""
        shown = ("".join(sign for sign in line if sign.isprintable()) for line in text.splitlines())
        return "\n".join([line for line in shown if line.strip()][-lines:])

    def save(self) -> None:
        """Write down what it is, for load()."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}  # not asdict(): a lock cannot be copied
        told |= {"folder": None, "lan": {"name": self.lan.name, "network": str(self.lan.network)}}
        (self.folder / _WORDS).write_text(json.dumps(told, default=str))

    def _words(self) -> list[str]:
        """Return QEMU's command line."""
        words = [
            "qemu-system-x86_64", "-name", self.name, "-daemonize", "-pidfile", str(self.folder / _PID),
            "-display", "none",
            "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", str(self.memory_mib),
            "-smbios", f"type=2,manufacturer=Practice,product=Board,serial={self.board}",
            "-drive", f"if=pflash,format=raw,readonly=on,file={firmware('CODE')}",
            "-drive", f"if=pflash,format=raw,file={self.variables}",
            "-monitor", f"unix:{self.folder / _MONITOR},server=on,wait=off",
            "-chardev", f"file,id=serial,path={self.serial_log},append=on", "-serial", "chardev:serial",
            "-netdev", f"tap,id=lan,ifname={self.tap},script=no,downscript=no",
            "-device", f"virtio-net-pci,netdev=lan,mac={self.mac}{'' if self.rom else ',romfile='}",
        ]  # fmt: skip
        for serial in self.serials:
            # Unsafe towards a power cut of this machine, not of the practice machine: what it wrote, we have.
            words += ["-drive", f"id={serial},if=none,format=raw,cache=unsafe,discard=unmap,file={self.disk(serial)}"]
            words += ["-device", f"nvme,serial={serial},drive={serial}"]
        for stick in self.sticks:
            words += ["-drive", f"if=virtio,format=raw,readonly=on,file={stick}"]
        if self.direct:
            words += ["-kernel", str(self.direct.kernel), "-initrd", str(self.direct.initrd)]
            words += ["-append", self.direct.line]
        return words


def load(folder: Path) -> Machine:
    """Return the machine that save() wrote down in a folder; it boots as its firmware says."""
    told = json.loads((folder / _WORDS).read_text())
    lan = Lan(folder, told["lan"]["name"], IPv4Network(told["lan"]["network"]))
    return Machine(**told | {"folder": folder, "lan": lan, "serials": tuple(told["serials"]), "direct": None})


def firmware(kind: str) -> Path:
    """Return the file of UEFI firmware: its CODE, or its VARS from the factory."""
    names = (f"OVMF_{kind}_4M.fd", f"OVMF_{kind}.4m.fd")
    return next(path for room in _FIRMWARE for name in names if (path := room / name).exists())
