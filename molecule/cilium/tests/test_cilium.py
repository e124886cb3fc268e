"""The network plugin works: its files, its agent, kube-proxy's part of the work, and pods that get addresses."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Kubectl, Refused, Until
    from testinfra.host import Host

NODE = "melchior-1"
SOON = 120  # seconds for an agent whose image is there


def test_the_node_becomes_ready(kubectl: Kubectl, until: Until) -> None:
    def ready() -> tuple[bool, object]:
        condition = next(c for c in kubectl("node", NODE)["status"]["conditions"] if c["type"] == "Ready")
        return condition["status"] == "True", condition

    until(ready, SOON)


def test_the_plugin_file_is_there_and_leaves_room_for_others(host: Host) -> None:
    assert host.file("/etc/cni/net.d/05-cilium.conflist").exists


def test_it_replaces_kube_proxy(host: Host, until: Until) -> None:
    agent = (
        "kubectl --kubeconfig=/etc/kubernetes/admin.conf exec --namespace=kube-system daemonset/cilium "
        "--container=cilium-agent -- cilium-dbg status"
    )

    def replaced() -> tuple[bool, object]:
        done = host.run(agent)
        lines = done.stdout.splitlines()
        true = any(line.split()[:2] == ["KubeProxyReplacement:", "True"] for line in lines)
        return true, done.stdout + done.stderr

    # A node may say Ready before its agent answers.
    until(replaced, SOON)


def test_pods_get_addresses_of_the_pod_range_and_answer(kubectl: Kubectl, until: Until) -> None:
    def running() -> tuple[bool, object]:
        status = kubectl("deployment", "coredns", "--namespace=kube-system")["status"]
        return status.get("readyReplicas", 0) > 0, status

    until(running, SOON)
    pods = kubectl("pods", "--namespace=kube-system", "--selector=k8s-app=kube-dns")["items"]
    pod_range = ip_network(kubectl("node", NODE)["spec"]["podCIDR"])
    addresses = [ip_address(pod["status"]["podIP"]) for pod in pods if pod["status"].get("podIP")]
    assert addresses
    assert all(address in pod_range for address in addresses)


def test_the_relay_sees_the_node(kubectl: Kubectl, until: Until) -> None:
    def relay() -> tuple[bool, object]:
        status = kubectl("deployment", "hubble-relay", "--namespace=kube-system")["status"]
        return status.get("readyReplicas", 0) == 1, status

    until(relay, SOON)


def test_it_refuses_agents_that_one_dark_node_would_stop(refused: Refused) -> None:
    refused("cilium", "the URL of every control plane", cilium_api_urls=["https://10.77.14.13:6443"], cilium_nodes=3)
