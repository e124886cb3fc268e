"""kubectl on a control plane over ssh, through that node's own address: works with the API's address and DNS down."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from blackstart.engine.channel import RemoteError
from blackstart.errors import BlackstartError, Exit, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from blackstart.engine.ssh import Fleet

KUBECONFIG = "/etc/kubernetes/admin.conf"
_REQUEST_SECONDS = 20
# What the API's absence sounds like; anything else is its considered answer.
_AWAY = re.compile(
    r"connection refused|connection to the server .* was refused|connection reset|i/o timeout|TLS handshake timeout|"
    r"no route to host|EOF$|etcdserver|deadline exceeded|Client\.Timeout|ServiceUnavailable|currently unable to handle",
    re.IGNORECASE,
)


class KubectlError(BlackstartError):
    """The API answered, and not as hoped."""

    exit_code = Exit.ROLE_FAILED


class Kube:
    """One control plane's own API server."""

    def __init__(self, fleet: Fleet, node: str, address: str, port: int = 6443) -> None:
        """Talk to the API server at address (the node's own) from the node itself."""
        self._fleet = fleet
        self._node = node
        self._server = f"https://{address}:{port}"

    def run(self, args: Sequence[str], *, stdin: bytes = b"", timeout: float = 60.0) -> str:
        """Run kubectl and return what it prints; timeout in seconds.

        Raises UnreachableError when the API does not answer, KubectlError when it refuses; both with kubectl's last
        line, which names objects and never shows what stdin held.
        """
        options = (f"--kubeconfig={KUBECONFIG}", f"--server={self._server}", f"--request-timeout={_REQUEST_SECONDS}s")
        try:
            return self._fleet.run(self._node, ("kubectl", *options, *args), stdin=stdin, timeout=timeout).out
        except RemoteError as error:
            raise self._failure(args[0], error.result.err) from error

    def _failure(self, verb: str, stderr: str) -> BlackstartError:
        last = (stderr.strip().splitlines() or ["kubectl said nothing"])[-1]
        if _AWAY.search(last):
            return UnreachableError(
                f"the API server on {self._node} did not answer kubectl {verb}: {last}",
                hint="`blackstart status` shows which API servers and etcd members are well; etcd needs a majority",
            )
        return KubectlError(
            f"kubectl {verb} through {self._node} was refused: {last}",
            hint=f"try it by hand on {self._node}: kubectl --kubeconfig={KUBECONFIG} --server={self._server} {verb} …",
        )

    def apply(self, documents: Iterable[Mapping[str, Any]], *, manager: str = "blackstart") -> str:
        """Apply objects server-side as the field manager given: fields of other managers stay, its own are replaced."""
        body = {"apiVersion": "v1", "kind": "List", "items": list(documents)}
        args = ("apply", "--server-side", "--force-conflicts", f"--field-manager={manager}", "-f", "-")
        return self.run(args, stdin=json.dumps(body).encode())

    def delete(self, kind: str, name: str, *, namespace: str = "") -> str:
        """Delete an object, without waiting for its end; one that is not there is fine."""
        where = ("--namespace", namespace) if namespace else ()
        return self.run(("delete", kind, name, "--ignore-not-found", "--wait=false", *where))
