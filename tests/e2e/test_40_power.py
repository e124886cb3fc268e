"""Power: all nodes off and on, and too many of them gone."""

from __future__ import annotations

import json

import pytest

from blackstart.lab import machines
from tests.support.lab.harness import NODES, Lab, until

pytestmark = pytest.mark.lab


def test_a_cluster_without_quorum_says_so_and_is_left_alone(lab: Lab) -> None:
    """Two etcd members are gone while their nodes answer: the third API server answers, and must not be believed."""
    for node in ("balthasar-2", "casper-3"):
        lab.ssh(node, "mv /etc/kubernetes/manifests/etcd.yaml /root/")
    until(lambda: lab.ssh("melchior-1", "curl -sk -m 5 https://10.77.13.13:6443/readyz; true") != "ok", 90,
          "the API server notices")  # fmt: skip
    try:
        done = lab.up("--timeout", "10")
    finally:
        for node in ("balthasar-2", "casper-3"):
            lab.ssh(node, "mv /root/etcd.yaml /etc/kubernetes/manifests/")
    assert done.returncode == 5, done.stdout + done.stderr
    assert "etcd" in done.stderr
    assert not [event for event in lab.events() if event["kind"] == "task"]
    back = lab.up()
    assert back.returncode == 0, back.stdout + back.stderr


def test_a_plain_power_on_is_healed_and_said(lab: Lab) -> None:
    for node in NODES:
        machines.power_off(node, cut=True)
    for node in NODES:
        machines.power_on(node)
    done = lab.up()
    assert done.returncode == 0, done.stdout + done.stderr
    status = json.loads(lab.verb("--json", "status").stdout)
    assert status["cluster"] == "healthy"
    healed = [event for event in lab.events() if event["kind"] == "healed"]
    for event in healed:
        assert event["what"]
        assert event["why"]
    hosts = lab.ssh("casper-3", "cat /etc/hosts")
    assert "k8s-api.lab.home" in hosts
