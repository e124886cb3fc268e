"""etcd on this node, asked by its HTTP gateway: with the API server, the kubelet and containerd down as well.

etcd serves gRPC as JSON on its client address (https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/), and /health
there (server/etcdserver/api/etcdhttp/health.go). The list of members needs no quorum; a voter's health does. Numbers
come as text, and fields that are false or empty are left out.
"""

from __future__ import annotations

import http.client
import json
import ssl
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..https import Connection, explain
from ..parallel import together
from .quorum import EtcdError, Member

if TYPE_CHECKING:
    from collections.abc import Iterable

PKI = "/etc/kubernetes/pki/etcd"
LOCAL = "https://127.0.0.1:2379"
SETTLE = 10.0  # seconds; kubeadm's etcd calls an election after 1 s without its leader
POLL = 0.5  # seconds
HEALTH = "/health"
LOOK_SECONDS = 1.5  # for each step of a look
_SILENT = (OSError, http.client.HTTPException, ValueError)
Document = dict[str, Any]


def look(dark: frozenset[str] = frozenset(), pki: str = PKI) -> list[Document]:
    """Return every member as the fields of EtcdMember; empty when there is no etcd here or it does not answer.

    One whose host is dark, by its address, is not healthy and is not asked: that would only wait.
    """
    try:
        found = Etcd(pki, LOOK_SECONDS).members(dark, settle=0)
    except EtcdError:
        return []
    return [{name: value for name, value in member._asdict().items() if name != "lacks"} for member in found]


class Etcd:
    """The etcd of this node, as the client that kubeadm made for health checks."""

    def __init__(self, pki: str = PKI, seconds: float = 10.0) -> None:
        """Read the client's certificate; seconds is for each step of a question; etcd itself gives up after 7.

        Raises EtcdError when there is none.
        """
        self._seconds = seconds
        try:
            self._tls = ssl.create_default_context(cafile=f"{pki}/ca.crt")
            self._tls.load_cert_chain(f"{pki}/healthcheck-client.crt", f"{pki}/healthcheck-client.key")
        except _SILENT as error:
            raise EtcdError(
                f"this node has no client certificate of etcd in {pki} ({error}); wanted: a healthy member. "
                "Act from another control plane"
            ) from error

    def members(self, dark: Iterable[str] = (), *, settle: float = SETTLE) -> list[Member]:
        """Return every member with its health; one that never started has no name and is not healthy.

        Members at the addresses `dark` are known to have no power and are not asked. One that is not healthy is asked
        again for `settle` seconds: while a leader is elected every voter refuses, and that is over in a few.
        """
        off, listed = frozenset(dark), self._listed()
        end = time.monotonic() + settle
        lacks = {identity(entry): "it has no power" for entry in listed if _address(entry) in off}
        asked = {identity(entry): entry for entry in listed if entry.get("clientURLs") and identity(entry) not in lacks}
        lacks |= self._lacks(asked)
        while (ill := {name: asked[name] for name in asked if lacks[name]}) and time.monotonic() < end:
            time.sleep(POLL)
            lacks |= self._lacks(ill)
        return [member(entry, lacks) for entry in listed]

    def _listed(self) -> list[Document]:
        found: list[Document] = self._post("/v3/cluster/member/list")["members"]
        return found

    def _lacks(self, entries: dict[str, Document]) -> dict[str, str]:
        jobs = {name: (self.health, entry["clientURLs"][0], _question(entry)) for name, entry in entries.items()}
        return together(jobs)

    def health(self, url: str = LOCAL, question: str = HEALTH) -> str:
        """Say what a member lacks; empty when it serves a linearizable read, which takes a quorum, and has no alarm."""
        try:
            _, body = self._ask(url, question)
            said = json.loads(body)
        except _SILENT as error:
            return explain(error, urlsplit(url).netloc, self._seconds)
        return "" if said.get("health") == "true" else str(said.get("reason") or "it is not healthy")

    def status(self) -> Document:
        """Return this member's own status: `version`, `dbSize` in bytes, `leader`, `isLearner`, and its `header`."""
        return self._post("/v3/maintenance/status")

    def take_lead(self, leaving: str) -> None:
        """Have this member lead if the one that leaves does, which is given by its hexadecimal id.

        A leader that is removed causes an election, during which nothing can be written; one that hands over
        is followed at once (https://github.com/etcd-io/etcd/blob/main/etcdctl/README.md, move-leader).
        """
        status = self.status()
        if f"{int(status['leader']):x}" == leaving:
            # Only the leader itself takes this.
            (leader,) = (entry for entry in self._listed() if identity(entry) == leaving)
            target = {"targetID": status["header"]["member_id"]}
            self._post("/v3/maintenance/transfer-leadership", target, leader["clientURLs"][0])

    def remove(self, leaving: str) -> None:
        """Remove a member by its hexadecimal id; etcd itself refuses when that would cost the quorum."""
        self._post("/v3/cluster/member/remove", {"ID": str(int(leaving, 16))})

    def _post(self, path: str, body: Document | None = None, url: str = LOCAL) -> Document:
        """Return the answer to a call; EtcdError when there is none, or etcd answers with an error."""
        where = urlsplit(url).netloc
        try:
            status, text = self._ask(url, path, json.dumps(body or {}))
            answer: Document = json.loads(text)
        except _SILENT as error:
            raise EtcdError(
                f"etcd does not answer: {explain(error, where, self._seconds)}; wanted: a healthy member. "
                "Look at `journalctl -u kubelet` and `ctr -n k8s.io tasks ls` here, or act from another control plane"
            ) from error
        if status != http.HTTPStatus.OK:
            raise EtcdError(f"etcd at {where} refused {path}: {answer.get('message') or answer}")
        return answer

    def _ask(self, url: str, path: str, body: str = "") -> tuple[int, bytes]:
        there = urlsplit(url)
        host = there.hostname or ""
        connection = Connection(host, there.port or 2379, self._tls, host, self._seconds)
        try:
            return connection.ask(path, body=body or None)
        finally:
            connection.close()


def member(entry: Document, lacks: dict[str, str]) -> Member:
    """Return one entry of the list, given by hexadecimal id what each member lacks that was asked."""
    name = identity(entry)
    return Member(
        id=name,
        name=str(entry.get("name", "")),
        learner=bool(entry.get("isLearner")),
        healthy=lacks.get(name) == "",
        address=_address(entry),
        lacks=lacks.get(name, ""),
    )


def identity(entry: Document) -> str:
    """Return the id of an entry of the list as etcdctl writes it."""
    return f"{int(entry['ID']):x}"


def _question(entry: Document) -> str:
    """Return how to ask for a member's health: a learner serves no linearizable read, and says whether it runs."""
    return f"{HEALTH}?serializable=true" if entry.get("isLearner") else HEALTH


def _address(entry: Document) -> str:
    return urlsplit((entry.get("peerURLs") or [""])[0]).hostname or ""
