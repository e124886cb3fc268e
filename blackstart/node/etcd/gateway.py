"""The members of etcd as the node's own etcd lists them: by its HTTP gateway, so with the API down as well.

etcd serves gRPC as JSON on its client address (https://etcd.io/docs/v3.6/dev-guide/api_grpc_gateway/), and /health
there (server/etcdserver/api/etcdhttp/health.go). The list needs no quorum; a voter's health does.
"""

from __future__ import annotations

import http.client
import json
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..https import Connection
from ..parallel import together

PKI = "/etc/kubernetes/pki/etcd"
SECONDS = 1.5  # for each step of each question
_NOBODY = (OSError, http.client.HTTPException, ValueError)


def members(
    dark: frozenset[str] = frozenset(), pki: str = PKI, address: str = "127.0.0.1", port: int = 2379
) -> list[dict[str, Any]]:
    """Return every member with its health; empty when there is no etcd here or it does not answer.

    One whose host is dark, by its address, is not healthy and is not asked: that would only wait.
    """
    if not Path(pki, "healthcheck-client.key").exists():
        return []
    try:
        tls = ssl.create_default_context(cafile=f"{pki}/ca.crt")
        tls.load_cert_chain(f"{pki}/healthcheck-client.crt", f"{pki}/healthcheck-client.key")
        status, body = _ask(tls, (address, port), "/v3/cluster/member/list", "{}")
        listed = json.loads(body)["members"] if status == http.HTTPStatus.OK else []
    except (*_NOBODY, KeyError):
        return []
    found = [reduced(member) for member in listed]
    urls = [(member.get("clientURLs") or [""])[0] for member in listed]
    asked = [(member, url) for member, url in zip(found, urls) if url and member["address"] not in dark]
    healths = together({member["id"]: (_healthy, tls, url, member["learner"]) for member, url in asked})
    return [{**member, "healthy": healths.get(member["id"], False)} for member in found]


def reduced(member: dict[str, Any]) -> dict[str, Any]:
    """Return one entry of the list as the fields of EtcdMember, without its health. IDs come as decimal strings."""
    peer = (member.get("peerURLs") or [""])[0]
    return {
        "id": f"{int(member['ID']):x}",
        "name": member.get("name", ""),
        "learner": bool(member.get("isLearner")),
        "address": urlsplit(peer).hostname or "",
    }


def _healthy(tls: ssl.SSLContext, url: str, learner: bool) -> bool:  # noqa: FBT001 - called by position in a thread
    there = urlsplit(url)
    # A learner serves no linearizable read; asked for a serializable one it says whether it runs.
    path = "/health?serializable=true" if learner else "/health"
    try:
        status, body = _ask(tls, (there.hostname or "", there.port or 2379), path)
        return status == http.HTTPStatus.OK and json.loads(body).get("health") == "true"
    except _NOBODY:
        return False


def _ask(tls: ssl.SSLContext, there: tuple[str, int], path: str, body: str = "") -> tuple[int, bytes]:
    connection = Connection(there[0], there[1], tls, there[0], SECONDS)
    try:
        return connection.ask(path, body=body or None)
    finally:
        connection.close()
