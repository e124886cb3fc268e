"""The network plugin broken in each way that a Ready node hides, with everything around it down, and repaired."""

from __future__ import annotations

import json

import pytest

from tests.support.lab.harness import NODES, Lab, until

pytestmark = pytest.mark.lab

CONFLIST = "/etc/cni/net.d/05-cilium.conflist"


def network_is_well(lab: Lab) -> None:
    """Check that every node has its plugin file and that the gate, a fresh pod on every node among it, is open."""
    for node in NODES:
        assert lab.ssh(node, f"cat {CONFLIST}")
    status = json.loads(lab.verb("--json", "status").stdout)
    assert next(gate["open"] for gate in status["gates"] if gate["phase"] == "cilium"), status


def test_a_missing_plugin_file_is_written_again(lab: Lab) -> None:
    lab.ssh("casper-3", f"rm {CONFLIST}")
    # An agent is given two minutes from its node's start to write it.
    until(lambda: "casper-3" in lab.verb("plan").stdout, 150, "the missing file is a reason")
    done = lab.up("--only", "network")
    assert done.returncode == 0, done.stdout + done.stderr
    network_is_well(lab)


def test_a_deleted_daemonset_comes_back_with_endpoint_dns_and_argo_down(lab: Lab) -> None:
    for node in NODES:
        lab.ssh(node, "systemctl stop keepalived")
    lab.kubectl("-n", "kube-system", "scale", "deployment/coredns", "--replicas=0")
    lab.kubectl("-n", "argocd", "scale", "statefulset/argocd-application-controller", "--replicas=0")
    lab.kubectl("-n", "kube-system", "delete", "daemonset/cilium", "--wait=true")
    try:
        done = lab.up("--only", "network")
        assert done.returncode == 0, done.stdout + done.stderr
        network_is_well(lab)
    finally:
        for node in NODES:
            lab.ssh(node, "systemctl start keepalived")
        lab.kubectl("-n", "kube-system", "scale", "deployment/coredns", "--replicas=2")
        lab.kubectl("-n", "argocd", "scale", "statefulset/argocd-application-controller", "--replicas=1")
    whole = lab.up()
    assert whole.returncode == 0, whole.stdout + whole.stderr


def test_a_dead_agent_is_brought_back_through_another_control_plane(lab: Lab) -> None:
    """melchior-1, where everything began, has no API: the repair goes through its neighbours."""
    lab.ssh("melchior-1", "mv /etc/kubernetes/manifests/kube-apiserver.yaml /root/")
    until(lambda: "refused" in lab.ssh("melchior-1", "curl -sk https://10.77.13.13:6443/readyz 2>&1 -v; true"), 60,
          "melchior-1's API server is gone")  # fmt: skip
    lab.ssh("casper-3", f"rm {CONFLIST}")
    try:
        done = lab.up("--only", "network")
        assert done.returncode == 0, done.stdout + done.stderr
        assert lab.ssh("casper-3", f"cat {CONFLIST}")
    finally:
        lab.ssh("melchior-1", "mv /root/kube-apiserver.yaml /etc/kubernetes/manifests/")
    until(lambda: lab.ssh("melchior-1", "curl -sk https://10.77.13.13:6443/readyz; true") == "ok", 90, "API is back")
