"""What the API says, asked of one control plane's own server with admin.conf, reduced here to what decisions need."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any

from . import https
from .kube import applications, objects, pods
from .parallel import together

# Names are enough of what may be large: a CRD holds its whole schema.
NAMES = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
OBJECTS = "application/json"
RECEIPTS = "/api/v1/namespaces/kube-system/configmaps/blackstart-receipts"
# Lists without a resourceVersion are consistent reads: they never answer from a cache that lost its etcd.
QUESTIONS = {
    "version": ("/version", OBJECTS),
    "receipts": (RECEIPTS, OBJECTS),
    "nodes": ("/api/v1/nodes", OBJECTS),
    "pods": ("/api/v1/pods", OBJECTS),
    "applications": ("/apis/argoproj.io/v1alpha1/applications", OBJECTS),
    "DaemonSet": ("/apis/apps/v1/daemonsets", OBJECTS),
    "Deployment": ("/apis/apps/v1/deployments", OBJECTS),
    "StatefulSet": ("/apis/apps/v1/statefulsets", OBJECTS),
    "namespaces": ("/api/v1/namespaces", NAMES),
    "crds": ("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", NAMES),
}
EVENTS = "/api/v1/events?fieldSelector=type%3DWarning%2CinvolvedObject.kind%3DPod"
_WORKERS = 4


class Silent(Exception):  # noqa: N818 - the API's silence is a finding here, not an error
    """The API cannot be asked; its text says why."""


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Look: request {"address", "port", "seconds"}; returns the fields of ApiFacts."""
    deadline = time.monotonic() + request["seconds"]
    try:
        said = _ask(request, QUESTIONS, deadline)
        broken = pods.broken(items(said["pods"]), time.time())
        if any(pods.wants_events(pod) for pod in broken):
            events = _ask(request, {"events": (EVENTS, OBJECTS)}, deadline)["events"]
            broken = pods.explained(broken, items(events))
    except Silent as error:
        return {"reachable": False, "error": str(error)}
    return {"reachable": True, "error": "", **reduced(said), "broken_pods": [pods.fields(pod) for pod in broken]}


def reduced(said: dict[str, Any]) -> dict[str, Any]:
    """Return everything but broken pods as fields of ApiFacts."""
    kinds = ("DaemonSet", "Deployment", "StatefulSet")
    workloads = [objects.workload(kind, item) for kind in kinds for item in items(said[kind])]
    return {
        "version": said["version"]["gitVersion"],
        "nodes": [objects.node(item) for item in items(said["nodes"])],
        "workloads": workloads,
        "pods": len(items(said["pods"])),
        "applications": applications.reduced(items(said["applications"]), workloads),
        "namespaces": [item["metadata"]["name"] for item in items(said["namespaces"])],
        "crds": [item["metadata"]["name"] for item in items(said["crds"])],
        "receipts": (said["receipts"] or {}).get("data") or {},
        "kube_proxy": any((w["kind"], w["namespace"], w["name"]) == objects.KUBE_PROXY for w in workloads),
        "cilium_agents": pods.cilium_agents(items(said["pods"])),
    }


def items(listing: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return a list's items: none when the kind does not exist, and the API writes null for an empty list of names."""
    return (listing or {}).get("items") or []


def _ask(request: dict[str, Any], questions: dict[str, tuple[str, str]], deadline: float) -> dict[str, Any]:
    """Ask over a few connections at once; a path that does not exist answers None. Raises Silent."""
    try:
        tls = https.admin_tls()
    except (OSError, ValueError) as error:
        raise Silent(f"{https.ADMIN} cannot be used: {error}") from error
    waiting = list(questions.items())[::-1]
    answers: dict[str, Any] = {}

    def work() -> None:
        connection = https.Connection(request["address"], request["port"], tls, request["address"], 1)
        try:
            while waiting:
                name, (path, accept) = waiting.pop()
                answers[name] = _one(connection, path, accept, deadline)
        except IndexError:  # another worker took the last one
            return
        except Silent:
            waiting.clear()  # one silence is enough for all
            raise
        finally:
            connection.close()

    together({f"worker {number}": (work,) for number in range(min(_WORKERS, len(waiting)))})
    return answers


def _one(connection: https.Connection, path: str, accept: str, deadline: float) -> Any:  # noqa: ANN401 - a JSON value
    left = max(deadline - time.monotonic(), 0.1)
    try:
        status, body = connection.ask(path, accept=accept, within=left)
    except (OSError, http.client.HTTPException) as error:
        why = https.explain(error, f"{connection.host}:{connection.port}", left)
        slow = ": etcd may have no quorum" if "no answer" in why else ""
        raise Silent(f"{why} to GET {path}{slow}") from error
    if status == http.HTTPStatus.NOT_FOUND:
        return None
    if status != http.HTTPStatus.OK:
        raise Silent(refused(status, path, body.decode(errors="replace")))
    return json.loads(body)


def refused(status: int, path: str, body: str) -> str:
    """Say why the API did not answer a question; without quorum it says so in etcd's words."""
    try:
        message = json.loads(body)["message"]
    except (ValueError, KeyError, TypeError):
        message = body.strip()[:200]
    text = f"GET {path} was answered with status {status}: {message}"
    etcd = "etcdserver" in message or "storage is" in message  # "storage is (re)initializing"
    return f"etcd has no quorum or hardly answers: {text}" if etcd else text
