"""A machine from dark to its own system, timed: python -m tests.support.metal.rehearsal blackstart|by-hand.

Prints a line per step, name<TAB>seconds. Both begin with the same new machine, and the same live system, packages, keys
and seed: tests/bench/metal_by_hand.sh is given what blackstart would have served.
"""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from blackstart.engine import process
from blackstart.metal import live_seed, pxe
from blackstart.metal import order as orders
from blackstart.metal.installers.netboot import NetbootInstaller
from tests.support.metal import built, live, ordered, paper, repository
from tests.support.metal.lan import Lan
from tests.support.metal.machine import Machine

if TYPE_CHECKING:
    from tests.support.metal.ordered import Ordered

ROOT = Path(__file__).parents[3]
BY_HAND = ROOT / "tests" / "bench" / "metal_by_hand.sh"
URL = "http://{here}:8479"  # as the script has it


def main(way: str) -> None:
    """Make a machine, install it, and take it away."""
    with ExitStack() as stack:
        room = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="blackstart-rehearsal-")))
        lan = Lan(room / "lan")
        stack.callback(lan.down)
        lan.up()
        machine = Machine(room / "machine", lan)
        machine.make()
        machine.save()
        stack.callback(machine.cut)
        made = ordered.make(room, machine)
        if way == "blackstart":
            begun = time.monotonic()
            NetbootInstaller().install(made.order, made.site)
            say(f"total\t{time.monotonic() - begun:.3f}")
        else:
            process.follow([BY_HAND, prepare(room / "by-hand", machine, made)], say, cwd=ROOT)


def prepare(folder: Path, machine: Machine, made: Ordered) -> Path:
    """Write what a person would have written beforehand, and return the folder."""
    desired, order, state = made.site.desired, made.order, made.site.state
    folder.mkdir(mode=0o700)
    told = live_seed.prepare(desired, state, order, token="by-hand")  # noqa: S106 - nobody is to be kept out
    shutil.copytree(told.folder, folder / "live")
    shutil.copy(state / "id_ed25519", folder)
    node = desired.node(order.node)
    (folder / "known_hosts").write_text(f"{node.known_as} {order.host_key}\n")

    www, url = folder / "www", URL.format(here=machine.lan.here)
    seed = www / "seed" / told.token
    seed.mkdir(parents=True)
    for name, text in live_seed.seed(desired, order, told).items():
        (seed / name).write_text(text)
    (www / "live").symlink_to(built.ensure(live.part()))
    (www / "archive").symlink_to(built.ensure(repository.part()) / repository.SIGNED)
    (www / "boot.ipxe").write_text(live_seed.script(desired.netboot, url, machine.mac, told.token))

    keys = folder / "keys"
    for name in ("etc/ssh/sshd_config.d", "root/.ssh"):
        (keys / name).mkdir(parents=True, mode=0o700)
    private = orders.private_key(state, order.node)
    for file in (private, private.with_suffix(".pub")):
        shutil.copy(file, keys / "etc/ssh")
    (keys / "etc/ssh/sshd_config.d/10-ours.conf").write_text("HostKey /etc/ssh/ssh_host_ed25519_key\n")
    public = process.run(["ssh-keygen", "-y", "-f", state / "id_ed25519"]).stdout
    (keys / "root/.ssh/authorized_keys").write_text(public)
    (folder / "settings").write_text(_settings(machine, made))
    return folder


def _settings(machine: Machine, made: Ordered) -> str:
    node, network = made.site.desired.node(made.order.node), machine.lan.network
    defaults = yaml.safe_load((ROOT / "roles/arch_install/defaults/main.yml").read_text())
    told = {
        "here": machine.lan.here,
        "link": machine.lan.name,
        "network": network.network_address,
        "mask": network.netmask,
        "prefix": network.prefixlen,
        "mac": machine.mac,
        "node": paper.NODE,
        "address": node.ansible_host,
        "gateway": machine.lan.router,
        "disk": f"/dev/disk/by-id/{machine.by_id(made.order.disk)}",
        "snapshot": repository.SNAPSHOT,
        "packages": " ".join(defaults["arch_install_packages"]),
        "loader": pxe.loader(),
        "button": shlex.join([sys.executable, "-m", "tests.support.metal.button", str(machine.folder)]),
    }
    return "".join(f"{name}={shlex.quote(str(value))}\n" for name, value in told.items())


def say(line: str) -> None:
    """Print a step when it is done."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1])
