"""The programs are there in the pinned version, and a kubelet would start with the inventory's settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from conftest import Refused
    from testinfra.host import Host

VERSION = "v1.35.1"


@pytest.mark.parametrize("command", ["kubelet --version", "kubeadm version --output short", "kubectl version --client"])
def test_a_program_has_the_pinned_version(host: Host, command: str) -> None:
    assert VERSION in host.check_output(command)


def test_the_kubelet_is_enabled_and_leaves_starting_to_kubeadm(host: Host) -> None:
    assert host.service("kubelet").is_enabled


def test_the_settings_of_the_inventory_are_where_the_kubelet_looks(host: Host) -> None:
    assert "--config-dir=/etc/kubernetes/kubelet.conf.d" in host.file("/etc/kubernetes/kubelet.env").content_string
    document = yaml.safe_load(host.file("/etc/kubernetes/kubelet.conf.d/10-blackstart.conf").content_string)
    assert document["kind"] == "KubeletConfiguration"
    assert document["shutdownGracePeriod"]


def test_it_refuses_another_version_than_the_installed_one(refused: Refused) -> None:
    refused("kubernetes", "kubelet is at 1.35.1, wanted: 1.35.9", kubernetes_version="v1.35.9")


def test_it_refuses_a_node_without_an_address(refused: Refused) -> None:
    refused("kubernetes", "and the node's own address", kubernetes_node_address="")
