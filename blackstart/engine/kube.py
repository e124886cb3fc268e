"""The only door to change the Kubernetes API from Python: kubectl on a control plane, over ssh.

Against that node's own address, so that VIP and DNS may be down; no kubeconfig ever leaves the node.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from blackstart.errors import BlackstartError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blackstart.engine.ssh import Fleet


class Kube:
    """kubectl on `node` against `server` ("address:port")."""

    def __init__(self, fleet: Fleet, node: str, server: str) -> None:
        """Nothing is asked yet."""
        self._fleet = fleet
        self._node = node
        self._argv = ["kubectl", "--kubeconfig=/etc/kubernetes/admin.conf", f"--server=https://{server}"]

    def run(self, words: Sequence[str], *, stdin: bytes = b"", timeout: float = 60) -> str:
        """Run kubectl and return its stdout; BlackstartError with kubectl's own last line when it fails."""
        done = self._fleet.run(self._node, [*self._argv, *words], stdin=stdin, timeout=timeout)
        if done.status != 0:
            last = (done.err.strip().splitlines() or ["it said nothing"])[-1]
            raise BlackstartError(f"kubectl {words[0]} on {self._node} failed: {last}", hint="`blackstart status`")
        return done.out

    def apply(self, documents: Sequence[dict[str, Any]], *, manager: str) -> None:
        """Apply objects server-side under a field manager of their own (kubernetes.io: server-side-apply)."""
        stream = "\n".join(json.dumps(document) for document in documents).encode()
        words = ["apply", "--server-side", "--force-conflicts", f"--field-manager={manager}", "--filename=-"]
        self.run(words, stdin=stream)
