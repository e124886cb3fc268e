"""One look at the Kubernetes API from a control plane, at that node's own address: so VIP and DNS may be down.

Standard library only, fed to `python3 -` over ssh, one JSON document on stdout; reduced here, because 400 pods are
4 MB on the wire. The first argument is a JSON object: address, port. Runs on Python 3.9 and newer. Changes nothing.
"""

import base64
import json
import os
import re
import ssl
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

SECONDS = 5.0  # an API without quorum answers nothing, or 500 after its own time-out
METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
HELD = "blackstart.io/held"
WELL = {"Synced", "Healthy", "Suspended", ""}


class Api:
    """GET with admin.conf's client certificate, which is never written anywhere: it goes through a memory file."""

    def __init__(self, address: str, port: int) -> None:
        """Read /etc/kubernetes/admin.conf; kubeadm writes it with one user and base64 data fields."""
        with open("/etc/kubernetes/admin.conf", encoding="utf-8") as file:  # noqa: PTH123 - one open is all we need
            text = file.read()
        fields = {key: base64.b64decode(value) for key, value in re.findall(r"(\S+-data): (\S+)", text)}
        self.base = f"https://{address}:{port}"
        context = ssl.create_default_context(cadata=fields["certificate-authority-data"].decode())
        memory = os.memfd_create("client")
        os.write(memory, fields["client-certificate-data"] + b"\n" + fields["client-key-data"])
        context.load_cert_chain(f"/proc/self/fd/{memory}")
        os.close(memory)
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )

    def get(self, path: str, accept: str = "application/json") -> "dict[str, Any]":
        """Return an answer's JSON; an empty object for 404 (the kind does not exist)."""
        # resourceVersion=0 would be served from a cache that outlives quorum: ask etcd, so that silence is seen.
        request = urllib.request.Request(self.base + path, headers={"Accept": accept})  # noqa: S310 - https, above
        try:
            with self.opener.open(request, timeout=SECONDS) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            if error.code == 404:  # noqa: PLR2004 - HTTP's Not Found
                return {}
            raise


def seconds_since(stamp: str) -> float:
    """Return the age of an API timestamp in seconds."""
    return time.time() - epoch(stamp) if stamp else 0.0


def epoch(stamp: str) -> float:
    """Return an API timestamp in seconds since the epoch; 0 when there is none."""
    return datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S%z").timestamp() if stamp else 0.0


def node(item: "dict[str, Any]") -> "dict[str, Any]":
    """Reduce a Node."""
    labels = item["metadata"].get("labels", {})
    conditions = {c["type"]: c["status"] for c in item["status"].get("conditions", [])}
    return {
        "name": item["metadata"]["name"],
        "ready": conditions.get("Ready") == "True",
        "kubelet": item["status"]["nodeInfo"]["kubeletVersion"],
        "unschedulable": bool(item["spec"].get("unschedulable")),
        "control_plane": "node-role.kubernetes.io/control-plane" in labels,
    }


def workload(kind: str, item: "dict[str, Any]") -> "dict[str, Any]":
    """Reduce a Deployment, StatefulSet or DaemonSet; figures of a spec not yet taken up count as nothing updated."""
    status, meta = item.get("status", {}), item["metadata"]
    taken_up = status.get("observedGeneration", 0) >= meta.get("generation", 0)
    if kind == "DaemonSet":
        desired, ready = status.get("desiredNumberScheduled", 0), status.get("numberReady", 0)
        updated = status.get("updatedNumberScheduled", 0)
    else:
        desired, ready = item["spec"].get("replicas", 1), status.get("readyReplicas", 0)
        updated = status.get("updatedReplicas", 0)
    return {
        "kind": kind,
        "namespace": meta["namespace"],
        "name": meta["name"],
        "desired": desired,
        "ready": ready,
        "updated": updated if taken_up else 0,
    }


def broken(pod: "dict[str, Any]") -> "dict[str, Any] | None":
    """Reduce a pod that is neither finished nor wholly ready; None for one that is well."""
    status, meta = pod.get("status", {}), pod["metadata"]
    conditions = {c["type"]: c for c in status.get("conditions", [])}
    ready = conditions.get("Ready", {})
    if status.get("phase") == "Succeeded" or ready.get("status") == "True":
        return None
    reason, message = container_trouble(status)
    since = ready.get("lastTransitionTime") or status.get("startTime") or meta["creationTimestamp"]
    owners = [owner for owner in meta.get("ownerReferences", []) if owner.get("controller")]
    unscheduled = conditions.get("PodScheduled", {})
    if not reason and unscheduled.get("status") == "False":
        reason, message = unscheduled.get("reason", ""), unscheduled.get("message", "")
    return {
        "namespace": meta["namespace"],
        "name": meta["name"],
        "node": pod["spec"].get("nodeName", ""),
        "phase": status.get("phase", ""),
        "reason": reason or status.get("reason", ""),
        "message": (message or status.get("message", ""))[:400],
        "since": seconds_since(since),
        "created": epoch(meta["creationTimestamp"]),
        "controller": owners[0]["kind"] if owners else "",
    }


def container_trouble(status: "dict[str, Any]") -> "tuple[str, str]":
    """Return reason and message of the first container that waits or failed; an init container's begins "Init:"."""
    for prefix, key in (("Init:", "initContainerStatuses"), ("", "containerStatuses")):
        for container in status.get(key, []):
            state = container.get("state", {})
            waiting, ended = state.get("waiting", {}), state.get("terminated", {})
            last = container.get("lastState", {}).get("terminated", {})
            if waiting and not (prefix and waiting.get("reason") == "PodInitializing"):
                return prefix + waiting.get("reason", ""), waiting.get("message", "") or last.get("message", "")
            if ended and ended.get("exitCode"):
                return prefix + (ended.get("reason") or "Error"), ended.get("message", "")
    return "", ""


def application(item: "dict[str, Any]") -> "dict[str, Any]":
    """Reduce an Argo CD Application."""
    status, meta = item.get("status", {}), item["metadata"]
    operation, sync = status.get("operationState", {}), status.get("sync", {})
    resources = status.get("resources", [])
    source = item["spec"].get("source") or (item["spec"].get("sources") or [{}])[0]
    unwell = [r for r in resources if r.get("status", "") not in WELL or r.get("health", {}).get("status", "") not in WELL]
    results = (operation.get("syncResult") or {}).get("resources", [])
    failed = [r for r in results if r.get("status") == "SyncFailed" or r.get("hookPhase") in {"Failed", "Error"}]
    return {
        "name": meta["name"],
        "namespace": meta["namespace"],
        "sync": sync.get("status", ""),
        "health": status.get("health", {}).get("status", ""),
        "phase": operation.get("phase", ""),
        "message": operation.get("message", "")[:1000],
        "revision": sync.get("revision", "") or ",".join(sync.get("revisions", [])),
        "reconciled_at": status.get("reconciledAt", ""),
        "conditions": [f"{c['type']}: {c.get('message', '')[:600]}" for c in status.get("conditions", [])],
        "children": [r["name"] for r in resources if r.get("kind") == "Application"],
        "waiting_on": [f"{place(r)}: {ailment(r)}" for r in unwell if r.get("kind") != "Application"]
        + [f"{place(r)}: {r.get('message', '')[:400]}" for r in failed],
        "repository": source.get("repoURL", ""),
        "path": source.get("path", "") or source.get("chart", ""),
        "held": HELD in meta.get("annotations", {}),
    }


def place(resource: "dict[str, Any]") -> str:
    """Name a resource as "Kind namespace/name"."""
    return f"{resource.get('kind')} {resource.get('namespace') or '-'}/{resource.get('name')}"


def ailment(resource: "dict[str, Any]") -> str:
    """Say what is not well with a resource: its health's message, its health, or its sync status."""
    health = resource.get("health", {})
    if health.get("status", "") not in WELL:
        return str(health.get("message") or health["status"])[:400]
    return str(resource.get("status", ""))


def with_events(api: Api, pods: "list[dict[str, Any]]") -> None:
    """Add the newest sandbox or image event to pods that only say ContainerCreating: that is where the cause stands."""
    vague = [pod for pod in pods if pod["reason"] in {"ContainerCreating", "PodInitializing"} and pod["since"] > 20]  # noqa: PLR2004
    for pod in vague[:10]:
        selector = f"fieldSelector=involvedObject.name={pod['name']},type=Warning"
        events = api.get(f"/api/v1/namespaces/{pod['namespace']}/events?{selector}").get("items", [])
        if events:
            newest = max(events, key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "")
            pod["message"] = f"{newest.get('reason', '')}: {newest.get('message', '')}"[:400]


def names(listing: "dict[str, Any]") -> "list[str]":
    """Return the names of a list's objects."""
    return [item["metadata"]["name"] for item in listing.get("items", [])]


def look(api: Api) -> "dict[str, Any]":
    """Ask for everything side by side and reduce it."""
    paths = {
        "version": ("/version", "application/json"),
        "nodes": ("/api/v1/nodes", "application/json"),
        "pods": ("/api/v1/pods", "application/json"),
        "Deployment": ("/apis/apps/v1/deployments", "application/json"),
        "StatefulSet": ("/apis/apps/v1/statefulsets", "application/json"),
        "DaemonSet": ("/apis/apps/v1/daemonsets", "application/json"),
        "applications": ("/apis/argoproj.io/v1alpha1/applications", "application/json"),
        "namespaces": ("/api/v1/namespaces", METADATA),
        "crds": ("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", METADATA),
        "secrets": ("/api/v1/secrets?labelSelector=app.kubernetes.io/managed-by%3Dblackstart", METADATA),
        "receipts": ("/api/v1/namespaces/kube-system/configmaps/blackstart-receipts", "application/json"),
    }
    with ThreadPoolExecutor(4) as pool:
        futures = {key: pool.submit(api.get, *path) for key, path in paths.items()}
        found = {key: future.result() for key, future in futures.items()}
    kinds = ("Deployment", "StatefulSet", "DaemonSet")
    workloads = [workload(kind, item) for kind in kinds for item in found[kind].get("items", [])]
    pods = found["pods"].get("items", [])
    ill = [reduced for reduced in map(broken, pods) if reduced]
    with_events(api, ill)
    agents = [pod for pod in pods if pod["metadata"].get("labels", {}).get("k8s-app") == "cilium"]
    unwell = {(pod["namespace"], pod["name"]) for pod in ill}
    return {
        "version": found["version"].get("gitVersion", ""),
        "nodes": [node(item) for item in found["nodes"].get("items", [])],
        "workloads": workloads,
        "broken_pods": ill,
        "pods": len(pods),
        "applications": [application(item) for item in found["applications"].get("items", [])],
        "namespaces": names(found["namespaces"]),
        "crds": names(found["crds"]),
        "secrets": [
            f"{s['metadata']['namespace']}/{s['metadata']['name']}" for s in found["secrets"].get("items", [])
        ],
        "receipts": found["receipts"].get("data", {}),
        "kube_proxy": any((w["kind"], w["name"]) == ("DaemonSet", "kube-proxy") for w in workloads),
        "cilium_agents": {
            pod["spec"].get("nodeName", ""): ("kube-system", pod["metadata"]["name"]) not in unwell for pod in agents
        },
    }


def main() -> None:
    """Print the look, or why there is none."""
    wanted = json.loads(sys.argv[1])
    try:
        document = {"reachable": True, **look(Api(wanted["address"], wanted["port"]))}
    except FileNotFoundError:
        document = {"reachable": False, "error": "no admin.conf on this node"}
    except urllib.error.HTTPError as error:
        text = error.read().decode(errors="replace")[:200].strip()
        document = {"reachable": False, "error": f"HTTP {error.code}: {text}"}
    except OSError as error:
        why = getattr(error, "reason", error)
        slow = isinstance(why, TimeoutError)
        document = {
            "reachable": False,
            "error": f"no answer in {SECONDS:.0f} s: etcd may have no quorum" if slow else str(why),
        }
    json.dump(document, sys.stdout)


main()
