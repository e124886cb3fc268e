"""The network plugin works: its files, its agent, kube-proxy's part of the work, and pods that get addresses."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Kubectl
    from testinfra.host import Host

NODE = "melchior-1"
SOON = 120  # seconds for an agent whose image is there


def ready(kubectl: Kubectl) -> bool:
    conditions = kubectl("node", NODE)["status"]["conditions"]
    return {"type": "Ready", "status": "True"}.items() <= next(c for c in conditions if c["type"] == "Ready").items()


def test_the_node_becomes_ready(kubectl: Kubectl, until: Callable[[Callable[[], bool], float], None]) -> None:
    until(lambda: ready(kubectl), SOON)


def test_the_plugin_file_is_there_and_leaves_room_for_others(host: Host) -> None:
    assert host.file("/etc/cni/net.d/05-cilium.conflist").exists


def test_it_replaces_kube_proxy(host: Host, until: Callable[[Callable[[], bool], float], None]) -> None:
    agent = (
        "kubectl --kubeconfig=/etc/kubernetes/admin.conf exec --namespace=kube-system daemonset/cilium "
        "--container=cilium-agent -- cilium-dbg status"
    )

    def replaced() -> bool:
        return any(
            line.split()[:2] == ["KubeProxyReplacement:", "True"] for line in host.run(agent).stdout.splitlines()
        )

    # A node may say Ready before its agent answers.
    until(replaced, SOON)


def test_pods_get_addresses_of_the_pod_range_and_answer(
    kubectl: Kubectl, until: Callable[[Callable[[], bool], float], None]
) -> None:
    def running() -> bool:
        deployment = kubectl("deployment", "coredns", "--namespace=kube-system")
        return deployment["status"].get("readyReplicas", 0) > 0

    until(running, SOON)
    pods = kubectl("pods", "--namespace=kube-system", "--selector=k8s-app=kube-dns")["items"]
    pod_range = ip_network(kubectl("node", NODE)["spec"]["podCIDR"])
    addresses = [ip_address(pod["status"]["podIP"]) for pod in pods if pod["status"].get("podIP")]
    assert addresses
    assert all(address in pod_range for address in addresses)


def test_the_relay_sees_the_node(kubectl: Kubectl, until: Callable[[Callable[[], bool], float], None]) -> None:
    def relay() -> bool:
        return kubectl("deployment", "hubble-relay", "--namespace=kube-system")["status"].get("readyReplicas", 0) == 1

    until(relay, SOON)
