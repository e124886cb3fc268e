"""A cluster of other names, addresses, port and networks stands, as its API and its programs say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from conftest import Kubectl, Until
    from testinfra.host import Host

SOON = 30  # seconds
ENDPOINT = "https://api.elsewhere.lab.home:7443"


@pytest.mark.parametrize("address", [ENDPOINT, "https://10.77.14.113:7443", "https://10.77.14.13:7443"])
def test_the_api_is_ready_with_a_certificate_for_each_address(host: Host, address: str) -> None:
    assert host.check_output(f"curl --silent --fail --cacert /etc/kubernetes/pki/ca.crt {address}/readyz") == "ok"


def test_the_administrator_goes_through_the_other_endpoint(host: Host) -> None:
    document = yaml.safe_load(host.file("/etc/kubernetes/admin.conf").content_string)
    assert document["clusters"][0]["cluster"]["server"] == ENDPOINT


def test_the_node_has_the_other_name_and_its_pods_the_other_range(kubectl: Kubectl, until: Until) -> None:
    assert [node["metadata"]["name"] for node in kubectl("nodes")["items"]] == ["elsewhere-1"]

    def given() -> tuple[bool, object]:
        node = kubectl("node", "elsewhere-1")
        seen = node["spec"].get("podCIDR", ""), node["status"].get("allocatable", {}).get("pods")
        return seen[0].startswith("10.54.") and seen[1] == "55", seen

    # The controller manager hands ranges out, the kubelet tells what it has, each in its own time.
    until(given, SOON)


def test_services_have_the_other_range_and_domain(host: Host, kubectl: Kubectl) -> None:
    assert kubectl("service", "kube-dns", "--namespace=kube-system")["spec"]["clusterIP"] == "10.55.0.10"
    corefile = kubectl("configmap", "coredns", "--namespace=kube-system")["data"]["Corefile"]
    assert "elsewhere.local" in corefile
    assert (
        yaml.safe_load(host.file("/var/lib/kubelet/config.yaml").content_string)["clusterDomain"] == "elsewhere.local"
    )


def test_etcd_is_reached_at_the_other_address(host: Host) -> None:
    manifest = yaml.safe_load(host.file("/etc/kubernetes/manifests/etcd.yaml").content_string)
    assert "--advertise-client-urls=https://10.77.14.113:2379" in json.dumps(manifest)


def test_etcd_has_the_argument_of_its_own(host: Host) -> None:
    assert "--snapshot-count=5000" in host.check_output("tr '\\0' '\\n' </proc/$(pgrep -o -x etcd)/cmdline").split()
