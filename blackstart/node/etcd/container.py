"""etcdctl and etcdutl in etcd's own container on a control plane: the node has neither.

Needs no API server and no kubelet, only containerd and the container.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from ..command import NOT_FOUND, run
from .client import LOCAL, PKI
from .quorum import EtcdError

if TYPE_CHECKING:
    from collections.abc import Sequence

CTR = ("ctr", "--namespace=k8s.io")
# The kubelet's labels on what it makes (pkg/kubelet/types/labels.go).
_LABELS = 'labels."io.kubernetes.container.name"==etcd,labels."io.kubernetes.pod.namespace"==kube-system'


def containers() -> tuple[list[str], int]:
    """Return the etcd containers of this node that run, and how many there are that do not."""
    made = output([*CTR, "containers", "ls", "--quiet", _LABELS], 10).split()
    lines = [line.split() for line in output([*CTR, "tasks", "ls"], 10).splitlines()]
    running = {words[0] for words in lines if words[-1:] == ["RUNNING"]}
    found = [name for name in made if name in running]
    return found, len(made) - len(found)


class Container:
    """The running etcd container of this node."""

    def __init__(self) -> None:
        """Find it.

        Raises EtcdError when there is none.
        """
        found, made = containers()
        if not found:
            raise EtcdError(
                f"no etcd container runs on this node ({made} that ended); wanted: a healthy member. "
                "Look at `journalctl -u kubelet` and `ctr -n k8s.io tasks ls` here, or act from another control plane"
            )
        self._name = found[0]

    def execute(self, words: Sequence[str], seconds: float) -> str:
        """Run a program in the container and return what it prints. Raises EtcdError when it fails."""
        name = f"blackstart-{uuid.uuid4().hex[:12]}"
        return output([*CTR, "tasks", "exec", "--exec-id", name, self._name, *words], seconds)

    def save(self, path: str, seconds: float) -> None:
        """Have etcdctl write a snapshot of this member to a path in the container. Raises EtcdError."""
        identity = [f"--cacert={PKI}/ca.crt"]
        identity += [f"--cert={PKI}/healthcheck-client.crt", f"--key={PKI}/healthcheck-client.key"]
        self.execute(["etcdctl", f"--endpoints={LOCAL}", *identity, "snapshot", "save", path], seconds)


def output(words: Sequence[str], seconds: float) -> str:
    """Run a program of the node and return what it prints. Raises EtcdError when it fails."""
    ended = run(words, seconds=seconds)
    if ended.status == NOT_FOUND:
        raise EtcdError(f"{words[0]} is not installed on this node; wanted: containerd, with an etcd in it")
    if ended.status != 0:
        raise EtcdError(f"{_named(words)} failed: {ended.said(3)}")
    return ended.out


def _named(words: Sequence[str]) -> str:
    """Return a command without its options, for messages."""
    return " ".join(word for word in words if not word.startswith("-"))
