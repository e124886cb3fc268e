"""One control plane stands: its API, its etcd, the endpoint, and nothing that Cilium replaces."""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Kubectl, Refused
    from testinfra.host import Host

ENDPOINT = "https://k8s-api.lab.home:6443"


def test_the_api_is_ready_at_its_own_address_and_at_the_endpoint(
    host: Host, until: Callable[[Callable[[], bool], float], None]
) -> None:
    ask = "curl --silent --cacert /etc/kubernetes/pki/ca.crt --max-time 3 {}/readyz"
    assert host.check_output(ask.format("https://10.77.14.13:6443")) == "ok"
    until(lambda: host.run(ask.format(ENDPOINT)).stdout == "ok", 30)


def test_certificates_name_every_control_plane(host: Host) -> None:
    text = host.check_output("openssl x509 -in /etc/kubernetes/pki/apiserver.crt -noout -ext subjectAltName")
    for name in ("10.77.14.13", "10.77.14.14", "10.77.14.15", "10.77.14.20", "k8s-api.lab.home"):
        assert name in text


def test_etcd_and_the_control_plane_run_as_static_pods(kubectl: Kubectl) -> None:
    pods = kubectl("pods", "--namespace=kube-system", "--selector=tier=control-plane")["items"]
    components = {pod["metadata"]["labels"]["component"] for pod in pods}
    assert components == {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"}


def test_there_is_no_kube_proxy(kubectl: Kubectl) -> None:
    names = [item["metadata"]["name"] for item in kubectl("daemonsets", "--all-namespaces")["items"]]
    assert "kube-proxy" not in names


def test_nothing_is_left_to_join_with_for_long(kubectl: Kubectl) -> None:
    secrets = kubectl("secrets", "--namespace=kube-system")["items"]
    assert "kubeadm-certs" not in [secret["metadata"]["name"] for secret in secrets]
    # kubeadm init makes a token in any case; it is told to let it live for a minute.
    for secret in (item for item in secrets if item["type"] == "bootstrap.kubernetes.io/token"):
        made = datetime.fromisoformat(secret["metadata"]["creationTimestamp"])
        until = datetime.fromisoformat(base64.b64decode(secret["data"]["expiration"]).decode())
        assert until - made <= timedelta(minutes=1)


def test_only_root_can_read_the_administrator(host: Host) -> None:
    for name in ("admin.conf", "super-admin.conf"):
        file = host.file(f"/etc/kubernetes/{name}")
        assert (file.user, file.mode) == ("root", 0o600)


def test_it_refuses_to_join_itself(refused: Refused) -> None:
    text = "wanted: the inventory name of another node"
    refused("control_plane", text, control_plane_mode="join", control_plane_member="melchior-1")
