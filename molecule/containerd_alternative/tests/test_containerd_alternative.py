"""containerd says of itself that it runs with the other settings."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from testinfra.host import Host


@pytest.fixture
def configuration(host: Host) -> dict[str, Any]:
    """Return what containerd makes of its file, with every default filled in."""
    return tomllib.loads(host.check_output("containerd config dump"))["plugins"]


def test_it_runs_since_its_settings_were_written(host: Host, service: Callable[[str], None]) -> None:
    service("containerd")
    began = host.check_output('date +%s --date="$(systemctl show --value --property=ActiveEnterTimestamp containerd)"')
    assert int(began) >= host.file("/etc/containerd/config.toml").mtime.timestamp() - 1


def test_the_pause_image_is_the_other_one(configuration: dict[str, Any]) -> None:
    sandbox = configuration["io.containerd.cri.v1.images"]["pinned_images"]["sandbox"]
    assert sandbox == "registry.elsewhere.lab.home/pause:3.10.1"


def test_control_groups_and_oom_scores_are_the_opposite(
    configuration: dict[str, Any], inventory: dict[str, Any]
) -> None:
    runtime = configuration["io.containerd.cri.v1.runtime"]
    runc = runtime["containerd"]["runtimes"]["runc"]["options"]
    assert runc["SystemdCgroup"] is not inventory["containerd_systemd_cgroup"]
    assert runtime["restrict_oom_score_adj"] is not inventory["containerd_restrict_oom_score_adj"]
