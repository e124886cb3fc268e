"""Argo CD Applications, reduced to the fields of Application (argo-cd pkg/apis/application/v1alpha1/types.go)."""

from __future__ import annotations

from typing import Any

GROUP = "argoproj.io"
HELD = "blackstart.io/held"
REFRESH = "argocd.argoproj.io/refresh"
_WELL = {"", "Healthy", "Suspended"}


def reduced(items: list[dict[str, Any]], workloads: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Reduce all: since 3.0 an Application no longer holds its resources' health, so it is taken from themselves."""
    known = {item["metadata"]["name"]: item for item in items}
    short = {(w["kind"], w["namespace"], w["name"]): _short(w) for w in workloads}
    return [_one(item, known, short) for item in items]


def _short(workload: dict[str, Any]) -> str:
    ready, desired = min(workload["ready"], workload["updated"]), workload["desired"]
    return "" if ready >= desired else f"{ready} of {desired} ready"


def _one(
    item: dict[str, Any], known: dict[str, dict[str, Any]], short: dict[tuple[str, str, str], str]
) -> dict[str, Any]:
    meta, spec, status = item["metadata"], item.get("spec", {}), item.get("status", {})
    sync, operation = status.get("sync", {}), status.get("operationState", {})
    resources = status.get("resources", [])
    source = spec.get("source") or (spec.get("sources") or [{}])[0]
    return {
        "name": meta["name"],
        "namespace": meta["namespace"],
        "sync": sync.get("status", ""),
        "health": status.get("health", {}).get("status", ""),
        "phase": operation.get("phase", ""),
        "message": operation.get("message", ""),
        "revision": sync.get("revision") or ",".join(sync.get("revisions") or []),
        "reconciled_at": status.get("reconciledAt", ""),
        "conditions": [f"{entry['type']}: {entry.get('message', '')}" for entry in status.get("conditions", [])],
        "children": children(resources, known),
        "waiting_on": [*_refused(operation), *_unwell(resources, known, short)],
        "repository": source.get("repoURL", ""),
        "path": source.get("path") or source.get("chart", ""),
        "refreshing": REFRESH in (meta.get("annotations") or {}),
        "held": HELD in (meta.get("annotations") or {}),
    }


def children(resources: list[dict[str, Any]], known: dict[str, dict[str, Any]]) -> list[str]:
    """Name the Applications among resources, and those that an ApplicationSet among them made."""
    ours = [entry for entry in resources if entry.get("group") == GROUP]
    direct = [entry["name"] for entry in ours if entry["kind"] == "Application"]
    sets = {entry["name"] for entry in ours if entry["kind"] == "ApplicationSet"}
    made = [
        name
        for name, item in known.items()
        for owner in item["metadata"].get("ownerReferences", [])
        if owner["kind"] == "ApplicationSet" and owner["name"] in sets
    ]
    return direct + [name for name in made if name not in direct]


def _refused(operation: dict[str, Any]) -> list[str]:
    """Name the resources that the last sync could not apply, with the API's or Argo CD's words."""
    results = (operation.get("syncResult") or {}).get("resources") or []
    return [
        f"{_name(entry)}: {entry.get('message', '')}"
        for entry in results
        if entry.get("status") == "SyncFailed" or entry.get("hookPhase") in {"Failed", "Error"}
    ]


def _unwell(
    resources: list[dict[str, Any]], known: dict[str, dict[str, Any]], short: dict[tuple[str, str, str], str]
) -> list[str]:
    """Name the resources that are not healthy, then those that are healthy or without health and not in sync."""
    health, rest = [], []
    for entry in resources:
        text = _health(entry, known) or short.get((entry["kind"], entry.get("namespace", ""), entry["name"]), "")
        if text:
            health.append(f"{_name(entry)}: {text}")
        elif entry.get("status") not in {"Synced", None}:
            rest.append(f"{_name(entry)}: {entry['status']}")
    return health + rest


def _health(entry: dict[str, Any], known: dict[str, dict[str, Any]]) -> str:
    """Return a resource's health when it is not well: as persisted, or for an Application what itself says."""
    health = entry.get("health") or {}
    if not health and entry["kind"] == "Application" and entry.get("group") == GROUP and entry["name"] in known:
        health = known[entry["name"]].get("status", {}).get("health") or {"status": "Missing"}
    status = health.get("status", "")
    return "" if status in _WELL else f"{status} {health.get('message', '')}".strip()


def _name(entry: dict[str, Any]) -> str:
    namespace = entry.get("namespace", "")
    return f"{entry['kind']} {namespace + '/' if namespace else ''}{entry['name']}"
