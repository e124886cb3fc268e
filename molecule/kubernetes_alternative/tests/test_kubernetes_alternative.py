"""The kubelet would start with the other settings, and nothing of the graceful shutdown is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from testinfra.host import Host


def test_the_kubelet_gives_its_other_address(host: Host) -> None:
    assert "--node-ip=10.77.14.113" in host.file("/etc/kubernetes/kubelet.env").content_string.split()


def test_the_settings_are_the_other_ones(host: Host) -> None:
    document = yaml.safe_load(host.file("/etc/kubernetes/kubelet.conf.d/10-blackstart.conf").content_string)
    assert (document["maxPods"], document["imageMaximumGCAge"]) == (77, "336h")
    assert "shutdownGracePeriod" not in document


def test_logind_waits_for_no_pods(host: Host) -> None:
    assert not host.file("/etc/systemd/logind.conf.d/50-blackstart.conf").exists
