"""Practice nodes as containers with systemd and sshd: create, power on and off, inspect, remove.

They are reached by ssh like any machine; podman is only their chassis and power button. Like a chassis it
starts a node again that reboots from inside, and leaves one off that powers off: the kernel ends a container whose init
calls reboot(2) with status 129 (pid_namespaces(7)), a power-off ends it with 0 (node/root, systemd-poweroff.service.d),
and podman restarts on failure. What was stopped from outside stays off, whatever its status. The guard is in force
for such a start as well: it lies above the container.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from resource import RLIM_INFINITY, RLIMIT_NOFILE, RLIMIT_NPROC, getrlimit
from typing import TYPE_CHECKING

from blackstart.engine import process
from blackstart.errors import RefusedError
from blackstart.lab import disks, keys, mounts, podman, rootfs
from blackstart.lab.boot import await_ssh
from blackstart.lab.layout import LAB, Layout, Machine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blackstart.lab.podman import Podman

INIT = "/usr/local/sbin/blackstart-node-init"
_VOLUMES = ("containerd", "kubelet", "etcd")  # below /var/lib: containerd cannot put overlays on an overlay
_OFF_SECONDS = "90"
# Reboots between two power-ons; a node that refuses to boot must not try for ever.
_REBOOTS = 20
# podman's states of a container that runs nothing.
DARK = frozenset({"configured", "created", "exited", "stopped"})


def create(engine: Podman, layout: Layout, machine: Machine, image: str) -> None:
    """Create a node's container with its keys in place; nothing runs in it yet."""
    volumes = layout.state / "nodes" / machine.name
    words = [
        "create", "--name", machine.container, "--hostname", machine.name, "--label", layout.label,
        *engine.guard.create, "--privileged",
        # systemd mounts /run and the like itself; podman's own systemd mode would give all nodes the machine's one
        # tree of systemd's control groups (version 1), and a journal that is lost with each power cycle.
        "--systemd=false", "--env=container=podman", "--stop-signal=RTMIN+3", "--stop-timeout", _OFF_SECONDS,
        f"--restart=on-failure:{_REBOOTS}",
        # Each node has its own tree of control groups, or the three kubelets would share one.
        "--cgroupns=private", "--pids-limit=-1", *_limits(),
        # podman would write /etc/hosts and /etc/resolv.conf anew at each start, and with that undo the roles' work.
        "--no-hosts", "--dns=none", "--log-driver=k8s-file",
        "--network", f"{layout.network}:ip={machine.address},mac={machine.mac},interface_name={layout.nic}",
    ]  # fmt: skip
    for name in _VOLUMES:
        folder = volumes / name
        folder.mkdir(parents=True, exist_ok=True)
        words += ["--volume", f"{folder}:/var/lib/{name}"]
    for folder, place in layout.shares:
        words += ["--volume", f"{folder}:{place}:ro"]
    if Path("/lib/modules").is_dir():
        words += ["--volume", "/lib/modules:/lib/modules:ro"]
    engine.run(*words, image, INIT)


def _limits() -> list[str]:
    # podman asks for 1048576 of each, which a root without CAP_SYS_RESOURCE may not have; nor more than pid_max.
    most = {"nofile": 1048576, "nproc": int(Path("/proc/sys/kernel/pid_max").read_text())}
    hard = {"nofile": getrlimit(RLIMIT_NOFILE)[1], "nproc": getrlimit(RLIMIT_NPROC)[1]}
    limits = {name: most[name] if hard[name] == RLIM_INFINITY else min(most[name], hard[name]) for name in most}
    return [f"--ulimit={name}={limit}:{limit}" for name, limit in limits.items()]


def ensure_running(engine: Podman, layout: Layout, image: str) -> list[str]:
    """Create and start the nodes that are missing or off, in parallel; return the names of those."""
    _require_real_filesystem(layout)
    keys.ensure(layout)
    disks.ensure(layout)
    engine.guard.apply()
    there = engine.containers(layout.label)

    def ensure(machine: Machine) -> bool:
        container = there.get(machine.container)
        if container and container.state == "running":
            return False
        if container is None:
            create(engine, layout, machine, image)
        if container is None or container.state in {"created", "configured"}:
            engine.run("cp", "-", f"{machine.container}:/", stdin=keys.seed(layout, machine))
        engine.run("start", machine.container)
        return True

    with ThreadPoolExecutor() as pool:
        started = list(pool.map(ensure, layout.machines))
    return [machine.name for machine, new in zip(layout.machines, started, strict=True) if new]


def _require_real_filesystem(layout: Layout) -> None:
    kind = process.run(["stat", "--file-system", "--format=%T", layout.state]).stdout.strip()
    if kind in {"overlayfs", "nfs", "fuseblk"}:
        raise RefusedError(
            f"{layout.state} lies on {kind}; in volumes there containerd cannot make its own overlays",
            hint="set XDG_STATE_HOME to a folder on ext4, xfs or btrfs",
        )


def replace(name: str, host_key: Path, installation: str, *, layout: Layout = LAB) -> None:
    """Remove a node with all it holds but its disks for Ceph, and start an empty one: an installation under this id.

    host_key is the file with the private key that it shows from now on. Does not wait for it. What an earlier call
    left half-made is removed.
    """
    engine, machine = podman.local(), layout.machine(name)
    if machine.container in engine.containers(layout.label):
        engine.run("rm", "--force", "--time", "0", "--volumes", machine.container)
    for volume in _VOLUMES:
        mounts.remove_tree(layout.state / "nodes" / name / volume)
    keys.take(layout, machine, host_key)
    disks.ensure(layout, [name])
    engine.guard.apply()
    create(engine, layout, machine, rootfs.ensure_image(engine))
    engine.run("cp", "-", f"{machine.container}:/", stdin=keys.seed(layout, machine, installation))
    engine.run("start", machine.container)


def power_off(name: str, *, layout: Layout = LAB, cut: bool = False) -> None:
    """Power a node off: through its own systemd (at most 90 s) or, with cut, at once."""
    engine, container = podman.local(), layout.machine(name).container
    engine.run("stop", *(("--time", "0") if cut else ()), container)


def press(name: str, *, layout: Layout = LAB) -> None:
    """Start a node behind the guard, as by its power button, and do not wait for it; nothing happens when it is on."""
    engine = podman.local()
    disks.ensure(layout, [name])
    engine.guard.apply()
    engine.run("start", layout.machine(name).container)


def power_on(name: str, *, layout: Layout = LAB) -> None:
    """Start a node that is off, behind the guard; return when it answers by ssh."""
    press(name, layout=layout)
    await_ssh(podman.local(), layout, [layout.machine(name)])


def container_state(name: str, *, layout: Layout = LAB) -> str:
    """Return the state of a node's container in podman's words; empty when there is none."""
    container = podman.local().containers(layout.label).get(layout.machine(name).container)
    return container.state if container else ""


def execute(name: str, argv: Sequence[str], *, layout: Layout = LAB) -> str:
    """Run a command on a node without ssh, as from its console, and return what it printed: for tests of ssh itself."""
    return podman.local().run("exec", layout.machine(name).container, *argv).stdout
