"""containerd runs with the configuration that it was given, as the practice cluster needs it or otherwise."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Refused
    from testinfra.host import Host


@pytest.fixture
def configuration(host: Host) -> dict[str, Any]:
    """Return what containerd makes of its file, with every default filled in."""
    return tomllib.loads(host.check_output("containerd config dump"))


def test_it_runs_since_its_settings_were_written(host: Host, service: Callable[[str], None]) -> None:
    service("containerd")
    began = host.check_output('date +%s --date="$(systemctl show --value --property=ActiveEnterTimestamp containerd)"')
    assert int(began) >= host.file("/etc/containerd/config.toml").mtime.timestamp() - 1


def test_it_answers_on_its_socket(host: Host) -> None:
    assert host.socket("unix:///run/containerd/containerd.sock").is_listening
    assert "v2.2" in host.check_output("ctr version") or "2.2" in host.check_output("ctr version")


def test_the_file_is_in_the_format_of_containerd_2(configuration: dict[str, Any]) -> None:
    assert configuration["version"] == 3


def test_the_pause_image_is_the_pinned_one(configuration: dict[str, Any], given: dict[str, Any]) -> None:
    images = configuration["plugins"]["io.containerd.cri.v1.images"]
    wanted = given.get("containerd_sandbox_image", "registry.k8s.io/pause:3.10.1")
    assert images["pinned_images"]["sandbox"] == wanted


def test_control_groups_and_oom_scores_are_the_inventory_s_or_the_opposite(
    configuration: dict[str, Any], inventory: dict[str, Any], given: dict[str, Any]
) -> None:
    runtime = configuration["plugins"]["io.containerd.cri.v1.runtime"]
    cgroup = runtime["containerd"]["runtimes"]["runc"]["options"]["SystemdCgroup"]
    opposite = "containerd_runc_systemd_cgroup" in given
    assert (cgroup is not inventory["containerd_systemd_cgroup"]) is opposite
    assert (runtime["restrict_oom_score_adj"] is not inventory["containerd_restrict_oom_score_adj"]) is opposite


def test_every_plugin_that_it_needs_is_loaded(host: Host) -> None:
    listed = [line.split() for line in host.check_output("ctr plugins ls").splitlines()[1:]]
    state = {f"{words[0]}.{words[1]}": words[-1] for words in listed}
    for name in ("io.containerd.cri.v1.runtime", "io.containerd.cri.v1.images", "io.containerd.grpc.v1.cri"):
        assert state[name] == "ok"
    assert state["io.containerd.snapshotter.v1.overlayfs"] == "ok"


def test_it_refuses_a_version_with_another_configuration(refused: Refused) -> None:
    refused("containerd", "wanted 2.x", containerd_version="1.7.29")


def test_it_refuses_another_version_than_the_installed_one(refused: Refused) -> None:
    refused("containerd", "containerd is at 2.2.1, wanted: 2.9.9", containerd_version="2.9.9")
