"""A libvirt of the test's own, and a practice machine that it switches in place of our own QEMU command line.

In a mount namespace the daemon sees folders of the test where libvirt's are, so that nothing of this machine's
configuration is read or changed, and it needs neither systemd nor D-Bus.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from blackstart.engine import process
from tests.support.metal.machine import firmware

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.metal.machine import Machine

UUID = "11111111-2222-3333-4444-555555555555"
_SECONDS = 30.0
_DRIVERS = (Path("/usr/lib/x86_64-linux-gnu"), Path("/usr/lib"))  # Debian, Arch
_QEMU = "libvirt/connection-driver/libvirt_driver_qemu.so"
# The user that Debian's libvirt asks for before it reads that it is to be another is made by a package with a service.
_ACCOUNTS = {"passwd": "libvirt-qemu:x:64055:64055::/:/usr/sbin/nologin\n", "group": "libvirt-qemu:x:64055:\n"}
_DAEMON = 'unix_sock_dir = "{room}/run"\nauth_unix_rw = "none"\nauth_unix_ro = "none"\nlog_outputs = "3:stderr"\n'
# No confinement: the machine is ours, and there is nothing here that could confine it.
_SETTINGS = """\
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
namespaces = []
remember_owner = 0
dynamic_ownership = 0
stdio_handler = "file"
"""
_START = """\
for pair in etc:/etc/libvirt run:/run/libvirt lib:/var/lib/libvirt cache:/var/cache/libvirt log:/var/log/libvirt; do
  mkdir -p "${pair#*:}"
  mount --bind "$1/${pair%%:*}" "${pair#*:}"
done
for file in passwd group; do
  mount --bind "$1/$file" "/etc/$file"
done
LIBVIRT_DRIVER_DIR=$1/drivers exec libvirtd --config "$1/libvirtd.conf" --pid-file "$1/libvirtd.pid"
"""


@contextmanager
def running(room: Path) -> Iterator[str]:
    """Run a daemon in a new folder while the block runs; yields its URI. Machines must be off at the end."""
    for folder in ("etc", "run", "lib", "cache", "log", "drivers"):
        (room / folder).mkdir(parents=True)
    # The one driver alone: that of networks would look after this machine's firewall.
    driver = next(path for each in _DRIVERS if (path := each / _QEMU).exists())
    (room / "drivers" / driver.name).symlink_to(driver)
    for file, line in _ACCOUNTS.items():
        (room / file).write_text(Path("/etc", file).read_text() + line)
    (room / "libvirtd.conf").write_text(_DAEMON.format(room=room))
    (room / "etc/qemu.conf").write_text(_SETTINGS)
    said: list[str] = []
    with process.beside(["unshare", "--mount", "sh", "-euc", _START, "sh", room], said.append) as runs:
        end = time.monotonic() + _SECONDS
        uri = f"qemu+unix:///system?socket={room}/run/libvirt-sock"
        while process.run(["virsh", "--connect", uri, "version"], check=False).returncode != 0:
            assert runs(), said
            assert time.monotonic() < end, said
            time.sleep(0.1)
        yield uri


@dataclass(frozen=True, slots=True)
class Domain:
    """A practice machine as libvirt knows it. What is looked at here, virsh says, and not who pressed its button."""

    machine: Machine
    uri: str

    def define(self) -> None:
        """Make it known, off; its disks and firmware variables are made by machine.make()."""
        self.machine.lan.attach(self.machine.tap)
        self._virsh("define", "/dev/stdin", stdin=xml(self.machine))

    def state(self) -> str:
        """Return "running" or "shut off", among others."""
        return self._virsh("domstate", self.machine.name).strip()

    def boots(self) -> list[str]:
        """Return what it boots from when it is switched on next, by the kind of the device, in order."""
        devices = ET.fromstring(self._virsh("dumpxml", "--inactive", self.machine.name)).find("devices")  # noqa: S314 - from the daemon of our own
        assert devices is not None
        found = [
            (int(boot.get("order", "0")), device.tag) for device in devices if (boot := device.find("boot")) is not None
        ]
        return [kind for _, kind in sorted(found)]

    def cut(self) -> None:
        """Cut its power, if it has any."""
        if self.state() != "shut off":
            self._virsh("destroy", self.machine.name)

    def _virsh(self, *words: str, stdin: str | None = None) -> str:
        return process.run(["virsh", "--quiet", "--connect", self.uri, *words], stdin=stdin).stdout


def xml(machine: Machine) -> str:
    """Write a machine in libvirt's words: https://libvirt.org/formatdomain.html."""
    disks, drivers = "", ""
    for number, serial in enumerate(machine.serials):
        disks += f"""
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw' cache='unsafe' discard='unmap'/><source file='{machine.disk(serial)}'/>
      <target dev='vd{"abcdef"[number]}' bus='virtio'/><serial>{serial}</serial><boot order='{number + 1}'/>
    </disk>"""
        # libvirt 9 has no word for an emulated NVMe disk, and lets a device be made by another driver.
        drivers += f"""
    <qemu:device alias='virtio-disk{number}'><qemu:frontend>
      <qemu:property name='driver' type='string' value='nvme'/>
    </qemu:frontend></qemu:device>"""
    return f"""\
<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>{machine.name}</name><uuid>{UUID}</uuid><memory unit='MiB'>{machine.memory_mib}</memory><vcpu>2</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type><loader readonly='yes' type='pflash'>{firmware("CODE")}</loader>
    <nvram>{machine.variables}</nvram><smbios mode='sysinfo'/>
  </os>
  <sysinfo type='smbios'><baseBoard><entry name='serial'>{machine.board}</entry></baseBoard></sysinfo>
  <features><acpi/></features><cpu mode='maximum'/>
  <devices>{disks}
    <interface type='ethernet'>
      <mac address='{machine.mac}'/><target dev='{machine.tap}' managed='no'/><model type='virtio'/><rom enabled='no'/>
    </interface>
    <serial type='file'><source path='{machine.serial_log}' append='on'/></serial><memballoon model='none'/>
  </devices>
  <qemu:override>{drivers}
  </qemu:override>
</domain>
"""
