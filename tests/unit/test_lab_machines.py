"""The practice machines' pure parts: what is denied, which routes clash, what is mounted where, which keys go in."""

from __future__ import annotations

import io
import re
import tarfile
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest
import yaml

from blackstart import paths
from blackstart.errors import RefusedError
from blackstart.lab import build, disks, gitserver, guard, keys, mirror, mounts, network
from blackstart.lab.layout import LAB, Layout, as_sold
from blackstart.lab.progress import Progress, duration

DEVICES = """\
Character devices:
  1 mem
  4 tty
  5 /dev/tty
  5 /dev/ptmx
 10 misc
 21 sg
128 ptm
136 pts
241 nvme

Block devices:
  7 loop
  8 sd
259 blkext
"""
MISC = "200 tun\n236 device-mapper\n229 fuse\n232 kvm\n"


def test_every_block_device_is_denied_and_every_way_around() -> None:
    rules = guard.denials(DEVICES, MISC)
    majors = {f"b {major}:* rw" for major in range(512) if major != 7}  # also those that no driver has so far
    assert {rule for rule in rules if rule.startswith("b ") and not rule.startswith("b 7:")} == majors
    assert {"c 21:* rw", "c 241:* rw"} <= set(rules), "SCSI and NVMe disks can be written through character devices"
    assert {"c 1:1 rw", "c 1:2 rw", "c 1:4 rw"} <= set(rules), "memory reaches every disk's buffers"
    assert {"c 10:236 rw", "c 10:232 rw"} <= set(rules)


def test_of_loops_exactly_the_reserved_ones_are_left() -> None:
    rules = [rule for rule in guard.denials(DEVICES, MISC) if rule.startswith(("b 7:", "b *"))]
    assert rules == [f"b 7:{minor} rw" for minor in range(64)]
    assert guard.RESERVED.start == 64


@pytest.mark.parametrize(("found", "plain"), [("0\n", True), ("15\n", False), (None, True)])
def test_loops_with_room_for_partitions_are_refused(tmp_path: Path, found: str | None, *, plain: bool) -> None:
    """The minor of loop4 is 64 there: it would pass for a practice disk."""
    parameter = tmp_path / "max_part"
    if found is not None:
        parameter.write_text(found)
    if plain:
        guard.require_plain_loops(parameter)
    else:
        with pytest.raises(RefusedError, match="room for 15 partitions each, wanted 0"):
            guard.require_plain_loops(parameter)


def test_what_a_node_needs_is_not_denied() -> None:
    rules = guard.denials(DEVICES, MISC)
    for needed in ("c 1:* rw", "c 5:* rw", "c 10:* rw", "c 128:* rw", "c 136:* rw", "c 10:200 rw", "c 10:229 rw"):
        assert needed not in rules


def test_version_1_writes_every_denial_to_one_parent_group(tmp_path: Path) -> None:
    (tmp_path / "devices").mkdir()
    (tmp_path / "devices" / "devices.deny").touch()
    proc = tmp_path / "proc"
    proc.mkdir()
    (proc / "devices").write_text(DEVICES)
    (proc / "misc").write_text(MISC)
    found = guard.find(tmp_path)
    assert isinstance(found, guard.CgroupV1Guard)
    guard.CgroupV1Guard(tmp_path, proc).apply()
    group = tmp_path / "devices" / "blackstart-lab"
    assert (group / "devices.deny").read_text().splitlines() == guard.denials(DEVICES, MISC)
    assert [path.name for path in group.iterdir()] == ["devices.deny"], "nothing is ever allowed again"
    assert found.create == ("--cgroup-parent", "/blackstart-lab")


def test_version_2_needs_systemd(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").touch()
    assert isinstance(guard.find(tmp_path), guard.CgroupV2Guard)
    with pytest.raises(RefusedError) as refused:
        guard.CgroupV2Guard(tmp_path / "absent" / "blackstart.slice").apply()
    assert "systemd" in refused.value.hint


def test_without_a_guard_there_is_no_lab(tmp_path: Path) -> None:
    with pytest.raises(RefusedError):
        guard.find(tmp_path)


def test_the_slice_allows_the_reserved_loops_and_no_other_disk() -> None:
    allowed = [
        line.removeprefix("DeviceAllow=") for line in guard.SLICE.splitlines() if line.startswith("DeviceAllow=")
    ]
    assert "DevicePolicy=closed" in guard.SLICE
    assert all(access == "m" for name, access in map(str.split, allowed) if name.startswith(("block", "char-*")))
    blocks = [line for line in allowed if line.startswith("/dev/block")]
    assert blocks == [f"/dev/block/7:{number} rw" for number in guard.RESERVED]


@pytest.mark.parametrize(
    ("route", "clashes"),
    [("default", False), ("10.77.0.0/16", True), ("10.77.13.7", True), ("10.77.14.0/24", False), ("10.0.0.0/8", True)],
)
def test_a_route_into_the_labs_network_clashes(route: str, *, clashes: bool) -> None:
    assert network.overlapping(LAB.subnet, [route]) == ([route] if clashes else [])


def test_mounts_are_taken_away_deepest_first_and_only_in_the_folder() -> None:
    info = "\n".join(
        f"1 2 0:3 / {point} rw - ext4 /dev/x rw" for point in ("/a", "/a/b\\040c", "/a/b\\040c/d", "/ab", "/")
    )
    assert mounts.below(Path("/a"), info) == [Path("/a/b c/d"), Path("/a/b c"), Path("/a")]


def test_a_tree_is_removed_whole_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "tree" / "leaf").mkdir(parents=True)
    mounts.remove_tree(tmp_path / "tree")
    mounts.remove_tree(tmp_path / "tree")
    assert list(tmp_path.iterdir()) == []


def test_the_layout_gives_each_node_its_own_name_address_and_mac() -> None:
    assert [str(machine.address) for machine in LAB.machines] == ["10.77.13.13", "10.77.13.14", "10.77.13.15"]
    assert LAB.machine("casper-3").container == "blackstart-casper-3"
    assert LAB.machine("casper-3").mac == "02:42:0a:4d:0d:0f"
    other = Layout("molecule", IPv4Network("10.77.14.0/24"), ("melchior-1",))
    assert other.machine("melchior-1").container == "blackstart-molecule-melchior-1"
    assert other.label != LAB.label


def variables(inventory: str) -> dict[str, Any]:
    """Return what an inventory's own group_vars say."""
    files = (paths.share() / "inventory" / inventory / "group_vars" / "all").glob("*.yml")
    return {name: value for file in files for name, value in yaml.safe_load(file.read_text()).items()}


def test_the_labs_inventory_says_the_same_as_its_layout() -> None:
    hosts = yaml.safe_load((paths.share() / "inventory" / "lab" / "hosts.yml").read_text())
    nodes = hosts["all"]["children"]["control_plane"]["hosts"]
    assert {name: node["ansible_host"] for name, node in nodes.items()} == {
        machine.name: str(machine.address) for machine in LAB.machines
    }
    said = variables("lab")
    assert said["cluster_name"] == LAB.cluster
    assert said["network_nodes"] == str(LAB.subnet)
    assert said["network_gateway"] == str(LAB.gateway)
    assert said["gitops_repository"] == f"git://{LAB.git_address}/homelab.git"


@pytest.mark.parametrize("node", LAB.names)
def test_the_labs_inventory_names_the_disks_of_its_layout(node: str) -> None:
    file = paths.share() / "inventory" / "lab" / "host_vars" / f"{node}.yml"
    said = yaml.safe_load(file.read_text())["disks"]
    ours = [
        {"id": disk.id, "serial": disk.serial, "size_gb": size}
        for disk, size in zip(LAB.disks[node], LAB.disk_gb, strict=True)
    ]
    assert [said["boot"], *said["ceph"]] == ours


def test_disks_have_the_size_that_is_written_on_real_ones() -> None:
    assert as_sold(1000) == 1_000_204_886_016  # a WD Blue, a Crucial MX500 and a Samsung 870 of "1 TB" alike
    assert as_sold(2000) == 2_000_398_934_016
    assert all(disk.size % 4096 == 0 for disk in LAB.disks["casper-3"])


def test_no_two_disks_of_a_set_share_a_name() -> None:
    all_disks = [disk for node in LAB.names for disk in LAB.disks[node]]
    assert len({disk.serial for disk in all_disks}) == len({disk.wwn for disk in all_disks}) == len(all_disks) == 9
    assert LAB.disk("casper-3", "nvme-PRACTICE_DISK_CASPER3B").serial == "CASPER3B"


def test_a_node_has_rules_for_its_own_disks_alone() -> None:
    rules = disks.rules(LAB, "casper-3")
    assert rules.count("SYMLINK") == 3
    assert '=="*/blackstart/lab/nodes/casper-3/disks/CASPER3C"' in rules
    assert "MELCHIOR" not in rules


def test_the_bundle_pins_the_snapshot_that_the_inventory_pins() -> None:
    said = {**variables("homelab"), **variables("lab")}
    assert said["arch_snapshot"] == build.SNAPSHOT


def test_the_overrides_for_version_1_keep_those_of_the_lab() -> None:
    """A dict in an overlay replaces the one below it: what is said twice must stay the same."""
    lab, old = variables("lab"), variables("lab-cgroup-v1")
    assert lab["cilium_overrides"].items() <= old["cilium_overrides"].items()
    assert set(lab["kubeadm_ignore_preflight_errors"]) <= set(old["kubeadm_ignore_preflight_errors"])
    kubelet = dict(lab["kubelet_config"])
    kubelet.pop("memorySwap", None)  # kubelet refuses LimitedSwap under version 1 (cmd/kubelet/app/server.go)
    assert kubelet.items() <= old["kubelet_config"].items()


@pytest.fixture
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.mark.usefixtures("_state")
def test_keys_are_made_once_pinned_and_put_in_with_the_right_modes() -> None:
    keys.ensure(LAB)
    pinned = (LAB.state / "known_hosts").read_text()
    keys.ensure(LAB)
    assert (LAB.state / "known_hosts").read_text() == pinned
    assert [line.split()[0] for line in pinned.splitlines()] == [str(machine.address) for machine in LAB.machines]
    assert (LAB.state / "id_ed25519").stat().st_mode & 0o777 == 0o600
    with tarfile.open(fileobj=io.BytesIO(keys.seed(LAB, LAB.machines[0]))) as archive:
        modes = {entry.name: entry.mode for entry in archive}
    assert modes["etc/ssh/ssh_host_ed25519_key"] == modes["root/.ssh/authorized_keys"] == 0o600
    assert modes["root/.ssh"] == 0o700
    assert disks.RULES in modes


@pytest.mark.usefixtures("_state")
def test_the_repository_changes_only_with_its_content() -> None:
    first = gitserver.refresh()
    assert gitserver.refresh() == first

    def add(tree: Path) -> None:
        (tree / "cluster" / "new.yaml").write_text("a: 1\n")

    changed = gitserver.publish(add)
    assert changed != first
    assert gitserver.publish(lambda _tree: None) == changed
    assert gitserver.refresh() not in {first, changed}, "the shipped content comes back as a commit of its own"


@pytest.mark.usefixtures("_state")
def test_each_set_of_nodes_is_sent_to_a_git_server_of_its_own() -> None:
    other = Layout("molecule", IPv4Network("10.77.14.0/24"), ("melchior-1",))
    gitserver.refresh(other)
    sources: list[str] = []
    gitserver.publish(lambda tree: sources.extend(file.read_text() for file in tree.rglob("*.yaml")), layout=other)
    assert set(re.findall(r"repoURL: git://([\d.]+)/", "".join(sources))) == {"10.77.14.2"}


def test_the_mirror_is_debians_own_among_apts_sources() -> None:
    sources = ["https://deb.example/node_20.x/", "http://deb.example/debian-security/", "http://deb.example/debian/"]
    assert mirror.choose(sources) == "http://deb.example/debian"
    assert mirror.choose(sources[:2]) == mirror.PUBLIC


def test_a_build_says_what_it_does_and_how_long_is_left() -> None:
    parts = {"a": 10.0, "b": 200.0}
    picture = Progress(parts, done=1, now=("part b",), left=200)
    assert picture.standing == "part b: 1 of 2, about 3 min left"
    assert Progress(parts, done=2).counted == "2 of 2, about 0 s left"
    assert duration(42) == "42 s"
