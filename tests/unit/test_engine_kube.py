"""kubectl over ssh: what is run, and what its failures are called."""

from __future__ import annotations

import json
from typing import Any

import pytest

from blackstart.engine.channel import RemoteError, Result
from blackstart.engine.kube import Kube, KubectlError
from blackstart.errors import BlackstartError, Exit, UnreachableError


class Fleet:
    """Keeps what it was asked to run; answers or fails as told."""

    def __init__(self, out: str = "", failure: str | None = None) -> None:
        self.out, self.failure = out, failure
        self.asked: list[tuple[str, list[str], bytes]] = []

    def run(self, node: str, argv: Any, *, stdin: bytes, timeout: float) -> Result:
        self.asked.append((node, list(argv), stdin))
        if self.failure is not None:
            raise RemoteError(node, argv, Result(1, "", self.failure))
        return Result(0, self.out, "")


def kube(fleet: Fleet) -> Kube:
    return Kube(fleet, "a", "10.0.0.1")  # type: ignore[arg-type]  # a fake fleet - as much as is used


def test_it_goes_through_the_nodes_own_address() -> None:
    fleet = Fleet(out='{"items": []}')
    assert kube(fleet).run(("get", "--raw", "/api/v1/nodes")) == '{"items": []}'
    ((node, argv, _),) = fleet.asked
    assert node == "a"
    assert argv[:3] == ["kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", "--server=https://10.0.0.1:6443"]
    assert argv[-3:] == ["get", "--raw", "/api/v1/nodes"]


def test_objects_are_applied_by_stdin_and_never_by_arguments() -> None:
    fleet = Fleet()
    kube(fleet).apply([{"kind": "Secret", "data": {"key": "czNjcmV0"}}], manager="blackstart-seed")
    ((_, argv, stdin),) = fleet.asked
    assert "--server-side" in argv
    assert "--field-manager=blackstart-seed" in argv
    assert "czNjcmV0" not in " ".join(argv)
    assert json.loads(stdin)["items"] == [{"kind": "Secret", "data": {"key": "czNjcmV0"}}]


def test_delete_does_not_wait_and_does_not_mind_what_is_gone() -> None:
    fleet = Fleet()
    kube(fleet).delete("pod", "web-1", namespace="shop")
    words = ["delete", "pod", "web-1", "--ignore-not-found", "--wait=false", "--namespace", "shop"]
    assert fleet.asked[0][1][-7:] == words


@pytest.mark.parametrize(
    ("stderr", "kind", "code"),
    [
        (
            "The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?",
            UnreachableError,
            Exit.UNREACHABLE,
        ),
        ("dial tcp 10.0.0.1:6443: connect: connection refused", UnreachableError, Exit.UNREACHABLE),
        ("Error from server: etcdserver: leader changed", UnreachableError, Exit.UNREACHABLE),
        ('Get "https://10.0.0.1:6443/api": net/http: TLS handshake timeout', UnreachableError, Exit.UNREACHABLE),
        ('Error from server (Forbidden): admission webhook "x" denied the request', KubectlError, Exit.ROLE_FAILED),
        ("", KubectlError, Exit.ROLE_FAILED),
    ],
)
def test_absence_and_refusal_are_told_apart(stderr: str, kind: type[BlackstartError], code: Exit) -> None:
    with pytest.raises(kind) as caught:
        kube(Fleet(failure=f"W1124 a warning\n{stderr}" if stderr else "")).run(["apply", "-f", "-"], stdin=b"s3cret")
    assert caught.value.exit_code == code
    assert "kubectl apply" in caught.value.message
    assert stderr.strip() in caught.value.message
    assert "warning" not in caught.value.message
    assert caught.value.hint
    assert "s3cret" not in caught.value.message + caught.value.hint
