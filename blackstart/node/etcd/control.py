"""etcd on a control plane, through etcdctl and etcdutl in its own running container: the node has neither.

What is asked of it needs no API server and no kubelet, only containerd and the container.
"""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..command import NOT_FOUND, TIMED_OUT, run
from .quorum import Member

if TYPE_CHECKING:
    from collections.abc import Sequence

PKI = "/etc/kubernetes/pki/etcd"
LOCAL = "https://127.0.0.1:2379"
SETTLE = 10.0  # seconds; kubeadm's etcd calls an election after 1 s without its leader
POLL = 0.5  # seconds
CTR = ("ctr", "--namespace=k8s.io")
# The kubelet's labels on what it makes (pkg/kubelet/types/labels.go).
_LABELS = 'labels."io.kubernetes.container.name"==etcd,labels."io.kubernetes.pod.namespace"==kube-system'


class EtcdError(Exception):
    """There is no etcd to ask here, or it answered with an error; its text holds no key and no value."""


def containers() -> tuple[list[str], int]:
    """Return the etcd containers of this node that run, and how many there are that do not."""
    made = output([*CTR, "containers", "ls", "--quiet", _LABELS], 10).split()
    lines = [line.split() for line in output([*CTR, "tasks", "ls"], 10).splitlines()]
    running = {words[0] for words in lines if words[-1:] == ["RUNNING"]}
    found = [name for name in made if name in running]
    return found, len(made) - len(found)


class Etcd:
    """The etcd of this node."""

    def __init__(self) -> None:
        """Find its running container.

        Raises EtcdError when there is none.
        """
        found, made = containers()
        if not found:
            raise EtcdError(
                f"no etcd container runs on this node ({made} that ended); wanted: a healthy member. "
                "Look at `journalctl -u kubelet` and `ctr -n k8s.io tasks ls` here, or act from another control plane"
            )
        self._container = found[0]

    def execute(self, words: Sequence[str], seconds: float, *, check: bool = True) -> str:
        """Run a program in the container and return what it prints; EtcdError when it fails, unless not checked."""
        name = f"blackstart-{uuid.uuid4().hex[:12]}"
        return output([*CTR, "tasks", "exec", "--exec-id", name, self._container, *words], seconds, check=check)

    def ctl(self, *words: str, seconds: float = 30.0, check: bool = True, at: str = LOCAL) -> str:
        """Run etcdctl against this member or others, as the client that kubeadm made for health checks."""
        identity = [
            f"--cacert={PKI}/ca.crt",
            f"--cert={PKI}/healthcheck-client.crt",
            f"--key={PKI}/healthcheck-client.key",
        ]
        return self.execute(["etcdctl", f"--endpoints={at}", *identity, *words], seconds, check=check)

    def status(self) -> dict[str, Any]:
        """Return this member's own status: `version`, `dbSize` in bytes, `leader`, `isLearner`, and its `header`."""
        (found,) = json.loads(self.ctl("endpoint", "status", "--write-out=json"))
        status: dict[str, Any] = found["Status"]
        return status

    def healths(self, urls: Sequence[str]) -> dict[str, str]:
        """Say by client URL what a member lacks; empty when it serves a linearizable read, which takes a quorum.

        An alarm that is raised in etcd counts as well, and is named. Who does not answer well is asked again for
        SETTLE seconds: while a leader is elected every member refuses, and that is over in a few.
        """
        end = time.monotonic() + SETTLE
        lacks = self._ask(urls)
        while (ill := [url for url, said in lacks.items() if said]) and time.monotonic() < end:
            time.sleep(POLL)
            lacks |= self._ask(ill)
        return lacks

    def _ask(self, urls: Sequence[str]) -> dict[str, str]:
        if not urls:
            return {}
        # Ends with status 1 when one of them is not well, and lists them all the same.
        text = self.ctl("endpoint", "health", "--write-out=json", check=False, at=",".join(urls))
        found = {entry["endpoint"]: entry for entry in json.loads(text or "[]")}
        return {url: _lacks(found.get(url, {})) for url in urls}

    def _listed(self) -> list[dict[str, Any]]:
        answer = json.loads(self.ctl("member", "list", "--consistency=s", "--write-out=json"))
        found: list[dict[str, Any]] = answer["members"]
        return found

    def members(self, *, dark: str = "") -> list[Member]:
        """Return every member with its health; one that never started has no name and is not healthy.

        The list is this member's own, so that it can be had without a quorum. The member at the address `dark` is
        known to have no power: it is not asked, for etcdctl would wait 5 s for its answer.
        """
        listed = self._listed()
        urls = _urls(listed)
        lacks = {url: "it has no power" for url in urls if dark and urlsplit(url).hostname == dark}
        lacks |= self.healths([url for url in urls if url not in lacks])
        return [reduced(member, lacks) for member in listed]

    def take_lead(self, leaving: str) -> None:
        """Have this member lead if the one that leaves does, which is given by its hexadecimal id.

        A leader that is removed leaves an election behind, and nobody writes until it is over; one that hands over
        is followed at once (https://github.com/etcd-io/etcd/blob/main/etcdctl/README.md, move-leader).
        """
        status = self.status()
        if f"{int(status['leader']):x}" == leaving:
            # Only the leader takes this; etcdctl finds it among all.
            self.ctl("move-leader", f"{int(status['header']['member_id']):x}", at=",".join(_urls(self._listed())))

    def remove(self, identity: str) -> None:
        """Remove a member by its hexadecimal id; etcd itself refuses when that would cost the quorum."""
        self.ctl("member", "remove", identity)


def reduced(member: dict[str, Any], lacks: dict[str, str]) -> Member:
    """Return one entry of `etcdctl member list -w json`, given by client URL what a member lacks."""
    asked = [lacks[url] for url in member.get("clientURLs") or [] if url in lacks]
    return Member(
        id=f"{int(member['ID']):x}",
        name=str(member.get("name", "")),
        learner=bool(member.get("isLearner")),
        healthy=any(said == "" for said in asked),
        address=urlsplit((member.get("peerURLs") or [""])[0]).hostname or "",
        lacks="; ".join(filter(None, asked)),
    )


def _urls(listed: Sequence[dict[str, Any]]) -> list[str]:
    return [url for member in listed for url in (member.get("clientURLs") or [])[:1]]


def _lacks(entry: dict[str, Any]) -> str:
    return "" if entry.get("health") else str(entry.get("error") or "it does not answer").strip()


def output(words: Sequence[str], seconds: float, *, check: bool = True) -> str:
    """Run a program of the node and return what it prints; EtcdError when it fails, unless not checked."""
    ended = run(words, seconds=seconds)
    if ended.status == NOT_FOUND:
        raise EtcdError(f"{words[0]} is not installed on this node; wanted: containerd, with an etcd in it")
    if ended.status == TIMED_OUT or (check and ended.status != 0):
        raise EtcdError(f"{_named(words)} failed: {ended.said(3)}")
    return ended.out


def _named(words: Sequence[str]) -> str:
    """Return a command without its options, for messages."""
    return " ".join(word for word in words if not word.startswith("-"))
