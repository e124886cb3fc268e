"""The network plugin runs as another cluster's, without Hubble, and a fresh pod got an address from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Kubectl, Until
    from testinfra.host import Host

SOON = 120  # seconds for an agent whose image is there


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("cluster-name", "elsewhere"),
        ("cluster-id", "7"),
        ("ipv4-native-routing-cidr", "10.32.0.0/12"),
        ("enable-hubble", "false"),
        ("k8s-api-server-urls", "https://10.77.14.13:6443,https://10.77.14.20:6443"),
    ],
)
def test_the_configuration_is_the_other_one(kubectl: Kubectl, key: str, value: str) -> None:
    assert kubectl("configmap", "cilium-config", "--namespace=kube-system")["data"][key] == value


def test_the_agent_runs_with_it(kubectl: Kubectl, until: Until) -> None:
    def ready() -> tuple[bool, object]:
        agents = kubectl("daemonset", "cilium", "--namespace=kube-system")
        status = agents["status"]
        fresh = status.get("updatedNumberScheduled", 0) == 1 == status.get("numberReady", 0)
        return fresh and status["observedGeneration"] == agents["metadata"]["generation"], status

    until(ready, SOON)


def test_one_operator_is_enough_for_one_node(kubectl: Kubectl, until: Until) -> None:
    def ready() -> tuple[bool, object]:
        operator = kubectl("deployment", "cilium-operator", "--namespace=kube-system")
        return operator["spec"]["replicas"] == 1 == operator["status"].get("readyReplicas", 0), operator["status"]

    until(ready, SOON)


def test_hubble_is_gone(kubectl: Kubectl) -> None:
    names = [item["metadata"]["name"] for item in kubectl("deployments", "--namespace=kube-system")["items"]]
    assert "hubble-relay" not in names


def test_no_fresh_pod_is_left(kubectl: Kubectl) -> None:
    selector = "--selector=app.kubernetes.io/name=blackstart-canary"
    assert kubectl("pods", "--namespace=kube-system", selector)["items"] == []


def test_chart_and_values_lie_in_the_other_folder(host: Host) -> None:
    assert host.file("/var/lib/blackstart/cilium-elsewhere/values.json").mode == 0o600
    assert host.file("/var/lib/blackstart/cilium-elsewhere/cilium-1.18.4.tgz").exists
