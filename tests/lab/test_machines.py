"""The practice machines for real: the disk guard, power, and nothing left behind. A set of two nodes of its own."""

from __future__ import annotations

import json
from contextlib import nullcontext
from ipaddress import IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from blackstart.engine import process
from blackstart.lab import boot, gitserver, lifecycle, loops, machines, podman, rootfs
from blackstart.lab.guard import RESERVED
from blackstart.lab.layout import LABEL, Layout
from tests.support.lab import opening
from tests.support.processes import command_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.lab

SET = Layout("machines-test", IPv4Network("10.77.16.0/24"), ("one", "two"))
ONE, TWO = SET.machines


@pytest.fixture(scope="module", autouse=True)
def _up() -> Iterator[None]:
    """Keep the set up from the first test to the last but one, and gone afterwards."""
    lifecycle.down(nullcontext, SET)
    assert lifecycle.up(nullcontext, SET) == ["one", "two"]
    yield
    lifecycle.down(nullcontext, SET)


def sh(*words: str | Path) -> str:
    """Run a command on this machine and return what it printed."""
    return process.run(words).stdout


def identities() -> set[str]:
    listed = podman.local().run("ps", "--filter", f"label={SET.label}", "--format", "{{.ID}} {{.StartedAt}}")
    return set(listed.stdout.splitlines())


def test_no_disk_of_this_machine_can_be_opened_in_a_node() -> None:
    disks = opening.of_this_machine()
    assert "opened" in opening.outside(disks).values(), "where nothing can be opened anyway, nothing is proven"
    assert opening.inside(SET, "one", disks) == dict.fromkeys(disks, "EPERM")


def test_nothing_inside_can_lift_the_guard() -> None:
    own = "/sys/fs/cgroup/devices/devices.allow"
    machines.execute("one", ["sh", "-c", f"echo a > {own} || true; echo 'b *:* rwm' > {own} || true"], layout=SET)
    assert set(opening.inside(SET, "one", opening.of_this_machine()).values()) == {"EPERM"}


@pytest.mark.parametrize("reserved", [False, True], ids=["a-loop", "a-reserved-loop-of-somebody-else"])
def test_a_node_started_without_the_guard_refuses_to_boot(*, reserved: bool) -> None:
    """Not privileged, and allowed nothing but to read one loop device that belongs to this test."""
    engine = podman.local()
    loop = f"/dev/loop{RESERVED[-1]}" if reserved else sh("losetup", "--find").strip()
    backing = SET.state / "probe"
    backing.write_bytes(bytes(1 << 20))
    sh("losetup", "--read-only", loop, backing)
    try:
        done = engine.run(
            "run", "--rm", "--label", SET.label, "--network=none", "--cap-add=mknod",
            "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024",
            f"--device={loop}:{loop}:r", rootfs.ensure_image(engine), machines.INIT, check=False,
        )  # fmt: skip
    finally:
        loops.detach(int(loop.removeprefix("/dev/loop")))
        backing.unlink()
    assert done.returncode == 77, done.stdout + done.stderr
    assert f"{Path(loop).name} can be opened" in done.stderr


def test_nodes_are_whole_machines_that_know_nothing() -> None:
    for machine in SET.machines:
        assert boot.run(SET, machine, "systemctl", "is-system-running", "--wait").strip() == "running"
        for program in ("containerd", "kubelet", "kubeadm", "kubectl", "helm", "keepalived", "runc"):
            assert boot.run(SET, machine, f"command -v {program} || true") == "", program
    facts = boot.run(SET, ONE, "cat /etc/os-release; hostname; ls /etc/arch-release; systemctl is-active sshd logind")
    assert "ID=arch\n" in facts
    assert "\none\n" in facts


def test_nodes_do_not_share_their_control_groups() -> None:
    for machine in SET.machines:
        groups = boot.run(SET, machine, "cat /proc/1/cgroup")
        assert ".." not in groups, groups
    slices = boot.run(SET, ONE, "cat /sys/fs/cgroup/systemd/system.slice/ssh.service/cgroup.procs 2>/dev/null || true")
    assert "0" not in slices.split(), "a process of another node is in this one's group"


def test_pods_volumes_lie_on_a_real_filesystem_and_mounts_are_shared_inside() -> None:
    kind = boot.run(SET, ONE, "findmnt --noheadings --output FSTYPE,PROPAGATION --target /var/lib/containerd").split()
    assert kind[0] != "overlay"
    assert kind[1] == "shared"
    boot.run(SET, ONE, "mkdir -p /var/lib/kubelet/x && mount -t tmpfs none /var/lib/kubelet/x")
    assert str(SET.state) not in Path("/proc/self/mountinfo").read_text(), "a pod's mount came out of its node"


def test_up_again_changes_nothing() -> None:
    before, commit = identities(), gitserver.refresh(SET)
    assert lifecycle.up(nullcontext, SET) == []
    assert identities() == before
    assert gitserver.refresh(SET) == commit


@pytest.mark.parametrize("cut", [False, True], ids=["shut-down", "plug-pulled"])
def test_a_power_cycle_keeps_files_keys_and_guard(*, cut: bool) -> None:
    boot.run(SET, ONE, "echo 10.77.16.20 k8s-api.lab.home >> /etc/hosts")
    before = boot.run(
        SET, ONE, "cat /etc/hosts /etc/machine-id /etc/resolv.conf; ip -brief link show enp196s0 | cut -c 1-50"
    )
    machines.power_off("one", layout=SET, cut=cut)
    assert [node.power for node in lifecycle.status(SET)] == ["dark", "up"]
    machines.power_on("one", layout=SET)
    after = boot.run(
        SET, ONE, "cat /etc/hosts /etc/machine-id /etc/resolv.conf; ip -brief link show enp196s0 | cut -c 1-50"
    )
    assert [line.split("@")[0] for line in after.splitlines()] == [line.split("@")[0] for line in before.splitlines()]
    assert set(opening.inside(SET, "one", opening.of_this_machine()).values()) == {"EPERM"}


def test_up_goes_on_where_it_was_interrupted() -> None:
    engine = podman.local()
    engine.run("rm", "--force", "--time", "0", TWO.container)
    machines.create(engine, SET, TWO, rootfs.ensure_image(engine))
    assert [node.power for node in lifecycle.status(SET)] == ["up", "dark"]
    assert lifecycle.up(nullcontext, SET) == ["two"]
    assert boot.run(SET, TWO, "hostname").strip() == "two"


def test_git_is_served_on_the_labs_network() -> None:
    remote = f"git://{SET.git_address}/homelab.git"
    listed = sh("git", "ls-remote", remote, "main")
    assert listed.split()[0] == gitserver.refresh(SET)
    gitserver.stop(SET)
    assert not boot.answers(SET.git_address, 9418)[0]
    gitserver.start(SET)
    assert boot.run(SET, ONE, f"git ls-remote {remote} main").split()[0] == listed.split()[0]


def test_down_leaves_nothing() -> None:
    """Also what tests left in it: a mount and a loop device in the nodes' folder."""
    folder = SET.state / "nodes" / "left"
    folder.mkdir()
    sh("mount", "-t", "tmpfs", "none", folder)
    lifecycle.down(nullcontext, SET)
    lifecycle.down(nullcontext, SET)
    engine = podman.local()
    assert engine.containers(SET.label) == {}
    assert engine.networks(SET.label) == {}
    assert list(SET.state.iterdir()) == []
    if not engine.containers(LABEL):
        assert list(Path("/sys/fs/cgroup").glob("*/blackstart*")) == []
    assert str(SET.state) not in Path("/proc/self/mountinfo").read_text()
    addresses = json.loads(sh("ip", "-json", "address"))
    assert str(SET.gateway) not in {entry["local"] for link in addresses for entry in link["addr_info"]}
    for words in command_lines().values():
        assert SET.prefix.encode() not in words, words
