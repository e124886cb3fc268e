"""Pods: those that are not well, with the reason that kubectl would show and the words of whoever knows more."""

from __future__ import annotations

import calendar
import time
from typing import Any

# Nothing of an earlier life explains why a container was not made yet.
_NOT_MADE = {"ContainerCreating", "PodInitializing"}
_FIELDS = ("namespace", "name", "node", "phase", "reason", "message", "since", "created", "controller")


def broken(items: list[dict[str, Any]], now: float) -> list[dict[str, Any]]:
    """Return the pods that neither ended well nor are ready: fields of BrokenPod and `sandbox`, which events need."""
    return [_broken(item, now) for item in items if not _well(item)]


def fields(pod: dict[str, Any]) -> dict[str, Any]:
    """Return what BrokenPod holds."""
    return {name: pod[name] for name in _FIELDS}


def wants_events(pod: dict[str, Any]) -> bool:
    """Tell whether only an event says why: the pod's status knows nothing of sandboxes and volumes."""
    return bool(pod["node"]) and pod["phase"] == "Pending" and not (pod["sandbox"] or pod["message"])


def explained(found: list[dict[str, Any]], events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the pods, those without words given the newest warning about them."""
    newest: dict[tuple[str, str], tuple[float, str]] = {}
    for event in events:
        about = event["involvedObject"]
        series = (event.get("series") or {}).get("lastObservedTime")
        at = seconds(series or event.get("lastTimestamp") or event.get("eventTime") or "")
        key = (about.get("namespace", ""), about.get("name", ""))
        newest[key] = max(newest.get(key, (0.0, "")), (at, f"{event.get('reason', '')}: {event.get('message', '')}"))
    words = {key: text for key, (_, text) in newest.items()}
    return [
        {**pod, "message": words.get((pod["namespace"], pod["name"]), "")[:500]} if wants_events(pod) else pod
        for pod in found
    ]


def cilium_agents(items: list[dict[str, Any]]) -> dict[str, bool]:
    """Return, by node, whether Cilium's agent is ready there; one that is being deleted does not count."""
    agents: dict[str, bool] = {}
    for item in items:
        meta = item["metadata"]
        if meta.get("namespace") == "kube-system" and meta.get("labels", {}).get("k8s-app") == "cilium":
            name = item["spec"].get("nodeName", "")
            agents[name] = agents.get(name, False) or ("deletionTimestamp" not in meta and _ready(item))
    return {name: ready for name, ready in agents.items() if name}


def seconds(stamp: str) -> float:
    """Return an API timestamp in seconds since the epoch, 0 for none; fractions are dropped."""
    return float(calendar.timegm(time.strptime(stamp[:19], "%Y-%m-%dT%H:%M:%S"))) if stamp else 0.0


def reason(item: dict[str, Any]) -> str:
    """Return the reason as kubectl shows it (k8s.io/kubernetes pkg/printers/internalversion/printers.go, printPod)."""
    status = item.get("status", {})
    if "deletionTimestamp" in item["metadata"]:
        return "Unknown" if status.get("reason") == "NodeLost" else "Terminating"
    if text := _init_reason(item):
        return text
    for container in status.get("containerStatuses", []):
        if text := _state_reason(container.get("state", {})):
            return text
    scheduled = _condition(item, "PodScheduled")
    if not status.get("reason") and scheduled.get("status") == "False":
        return str(scheduled.get("reason", "Pending"))
    return str(status.get("reason") or status.get("phase", "Unknown"))


def _init_reason(item: dict[str, Any]) -> str:
    """Return the first init container's reason that holds the pod up; sidecars that have started do not.

    Where kubectl counts them ("Init:0/1") it is PodInitializing here: nothing has failed, it only goes on.
    """
    sidecars = {c["name"] for c in item["spec"].get("initContainers", []) if c.get("restartPolicy") == "Always"}
    for container in item.get("status", {}).get("initContainerStatuses", []):
        state = container.get("state", {})
        ended = state.get("terminated")
        if (ended and ended.get("exitCode") == 0) or (container["name"] in sidecars and container.get("started")):
            continue
        text = _state_reason(state)
        return f"Init:{text}" if text not in {"", "PodInitializing"} else "PodInitializing"
    return ""


def _state_reason(state: dict[str, Any]) -> str:
    if "waiting" in state:
        return str(state["waiting"].get("reason", ""))
    if "terminated" in state:
        ended = state["terminated"]
        return str(ended.get("reason") or f"ExitCode:{ended.get('exitCode')}")
    return ""


def _well(item: dict[str, Any]) -> bool:
    return item.get("status", {}).get("phase") == "Succeeded" or _ready(item)


def _ready(item: dict[str, Any]) -> bool:
    return _condition(item, "Ready").get("status") == "True"


def _condition(item: dict[str, Any], kind: str) -> dict[str, Any]:
    conditions = item.get("status", {}).get("conditions", [])
    return next((entry for entry in conditions if entry["type"] == kind), {})


def _broken(item: dict[str, Any], now: float) -> dict[str, Any]:
    meta, status = item["metadata"], item.get("status", {})
    created = seconds(meta.get("creationTimestamp", ""))
    changed = seconds(_condition(item, "Ready").get("lastTransitionTime") or "") or created
    owner = next((entry["kind"] for entry in meta.get("ownerReferences", []) if entry.get("controller")), "")
    return {
        "namespace": meta["namespace"],
        "name": meta["name"],
        "node": item["spec"].get("nodeName", ""),
        "phase": status.get("phase", ""),
        "reason": reason(item),
        "message": _message(item)[:500],
        "since": max(now - changed, 0.0),
        "created": created,
        "controller": owner,
        "sandbox": _condition(item, "PodReadyToStartContainers").get("status") == "True",
    }


def _message(item: dict[str, Any]) -> str:
    """Return what the pod's own status says, the end of the last failure first."""
    status = item.get("status", {})
    containers = [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
    for container in containers:
        waiting = container.get("state", {}).get("waiting", {})
        if waiting.get("reason") in _NOT_MADE:
            continue
        ended = container.get("state", {}).get("terminated") or container.get("lastState", {}).get("terminated") or {}
        if ended.get("exitCode") and not container.get("ready"):
            words = (ended.get("message") or waiting.get("message") or "").strip()
            return f"container {container['name']} ended with status {ended['exitCode']}: {words[-300:]}"
        if waiting.get("message"):
            return str(waiting["message"])
    scheduled = _condition(item, "PodScheduled")
    if scheduled.get("status") == "False":
        return str(scheduled.get("message", ""))
    return str(status.get("message", ""))
