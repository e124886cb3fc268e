"""What the role tests look through: the API of the one node, asked by its own kubectl."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from testinfra.host import Host


class Kubectl(Protocol):
    """Runs `kubectl get WORDS` and returns the document."""

    def __call__(self, *words: str) -> dict[str, Any]:
        """Fail with kubectl's own words when there is no such thing."""


@pytest.fixture
def kubectl(host: Host) -> Kubectl:
    """Ask the node's own API server as its administrator."""

    def get(*words: str) -> dict[str, Any]:
        command = ("kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "get", *words, "--output=json")
        document: dict[str, Any] = json.loads(host.check_output(" ".join(command)))
        return document

    return get


class EtcdMembers(Protocol):
    """Returns the members as the node's own etcd lists them."""

    def __call__(self) -> list[dict[str, Any]]:
        """Fail with etcdctl's own words."""


@pytest.fixture
def etcd_members(host: Host) -> EtcdMembers:
    """Ask the node's own etcd, in its container."""

    def get() -> list[dict[str, Any]]:
        container = "$(ctr --namespace=k8s.io containers ls --quiet 'labels.\"io.kubernetes.container.name\"==etcd')"
        identity = "--cacert={0}/ca.crt --cert={0}/healthcheck-client.crt --key={0}/healthcheck-client.key"
        ask = f"etcdctl {identity.format('/etc/kubernetes/pki/etcd')} member list --write-out=json"
        text = host.check_output(f"ctr --namespace=k8s.io tasks exec --exec-id test-{uuid4().hex} {container} {ask}")
        members: list[dict[str, Any]] = json.loads(text)["members"]
        return members

    return get


@pytest.fixture
def until() -> Callable[[Callable[[], bool], float], None]:
    """Await a condition for some seconds: what a cluster does by itself takes its time."""

    def wait(condition: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"not true after {seconds} s"
            time.sleep(1)

    return wait


@pytest.fixture
def service(host: Host) -> Callable[[str], None]:
    """Check that a unit is enabled and runs; its journal is the evidence when it does not."""

    def check(name: str) -> None:
        unit = host.service(name)
        assert unit.is_running, host.run(f"journalctl --no-pager --lines 30 --unit {name}").stdout
        assert unit.is_enabled

    return check
