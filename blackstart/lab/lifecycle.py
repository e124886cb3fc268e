"""`blackstart lab up|down|status`: the practice machines as a whole, each step repeatable."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from blackstart import paths
from blackstart.errors import RefusedError
from blackstart.lab import boot, gitserver, guard, keys, limits, machines, mounts, network, podman, rootfs, system
from blackstart.lab.layout import LAB, LABEL

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from blackstart.lab.layout import Layout, Machine

    Step = Callable[[str], AbstractContextManager[object]]

_CAP_SYS_RESOURCE = 24  # linux/capability.h


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """One practice node: `power` is up, dark or missing; `memory` is what its processes hold, in bytes."""

    name: str
    address: str
    power: str
    ssh: str
    memory: int


def up(step: Step, layout: Layout = LAB) -> list[str]:
    """Bring the network, the Git server and all nodes up, empty or as they were; return the nodes that were started."""
    require_root()
    engine = podman.local()
    with step("node image"):
        image = rootfs.ensure_image(engine)
    with step(f"network {layout.subnet}"):
        network.ensure(engine, layout)
    with step(f"Git server at {layout.git_address}"):
        gitserver.refresh(layout)
        gitserver.ensure_running(engine, layout, image)
    with step(f"nodes {', '.join(layout.names)}"):
        limits.raise_limit()
        started = machines.ensure_running(engine, layout, image)
    with step("ssh on all of them, with pinned host keys"):
        boot.await_ssh(engine, layout, layout.machines)
    return started


def down(step: Step, layout: Layout = LAB) -> None:
    """Remove all that up made, and the nodes' own data; images and bundles stay in the cache, runs in the state."""
    require_root()
    engine = podman.local()
    with step("containers"):
        if containers := engine.containers(layout.label):
            engine.run("rm", "--force", "--time", "0", "--volumes", *containers)
    with step("network"):
        network.remove(engine, layout)
    with step("control groups, mounts, volumes and keys"):
        if not engine.containers(LABEL):  # group and limit are common to all sets of nodes
            engine.guard.remove()
            limits.restore_limit()
        for name in ("nodes", "git"):
            mounts.remove_tree(layout.state / name)
        for name in (keys.KNOWN_HOSTS, keys.CLIENT, f"{keys.CLIENT}.pub"):
            (layout.state / name).unlink(missing_ok=True)


def status(layout: Layout = LAB) -> list[NodeStatus]:
    """Look at every node: its power, its ssh port, its memory."""
    require_root()
    engine = podman.local()
    containers = engine.containers(layout.label)

    def look(machine: Machine) -> NodeStatus:
        container = containers.get(machine.container)
        if container is None or container.state != "running":
            return NodeStatus(machine.name, str(machine.address), "dark" if container else "missing", "-", 0)
        ssh = "answers" if boot.answers(machine.address, 22, greeting=b"SSH-")[0] else "silent"
        return NodeStatus(machine.name, str(machine.address), "up", ssh, engine.guard.memory(container.id))

    with ThreadPoolExecutor() as pool:
        return list(pool.map(look, layout.machines))


def inventory() -> Path:
    """Return the inventory that fits this machine: with the overrides of old control groups where they are needed."""
    modern = isinstance(guard.find(), guard.CgroupV2Guard) and _may_raise_limits()
    return paths.share() / "inventory" / ("lab" if modern else "lab-cgroup-v1")


def _may_raise_limits() -> bool:
    lines = Path("/proc/self/status").read_text().splitlines()
    bounding = next(line.split()[1] for line in lines if line.startswith("CapBnd:"))
    return bool(int(bounding, 16) >> _CAP_SYS_RESOURCE & 1)


def ensure_packages(report: Callable[[str], None]) -> None:
    """Install the programs that build and run the lab, where they are missing."""
    system.ensure_system_packages(report=report)


def require_root() -> None:
    """Raise RefusedError unless run by root."""
    if os.geteuid() != 0:
        raise RefusedError("the lab needs root: its nodes are whole machines", hint="run the same command with sudo")
