"""Which pods a drain moves off a node, and what keeps one there. Pure: objects as the API shows them.

The rules are `kubectl drain`'s (k8s.io/kubectl pkg/drain/filters.go) and those of the eviction subresource
(pkg/registry/core/pod/storage/eviction.go) at v0.35.1 and v1.35.1.
"""

from __future__ import annotations

from typing import Any

from .objects import condition

MIRROR = "kubernetes.io/config.mirror"
_ENDED = ("Succeeded", "Failed")
Object = dict[str, Any]


def title(item: Object) -> str:
    """Return namespace/name."""
    return f"{item['metadata']['namespace']}/{item['metadata']['name']}"


def evictable(pods: list[Object]) -> list[Object]:
    """Return the pods that a drain moves: all but static ones and those that a DaemonSet would put back at once."""
    return [pod for pod in pods if not _mirror(pod) and not (_kind(pod) == "DaemonSet" and not _ended(pod))]


def irreplaceable(pods: list[Object], *, unmanaged: bool, emptydir: bool) -> list[str]:
    """Say which pods a drain must not touch unasked, each with the reason.

    unmanaged and emptydir say that pods that no controller recreates, and data in emptyDirs, may be lost.
    """
    found = []
    for pod in evictable(pods):
        if _ended(pod):
            continue
        if not _kind(pod) and not unmanaged:
            found.append(f"{title(pod)}: no controller makes it again")
        if not emptydir and (names := _emptydirs(pod)):
            found.append(f"{title(pod)}: its emptyDir {', '.join(names)} would be lost")
    return found


def budgets(pod: Object, every: list[Object]) -> list[Object]:
    """Return the PodDisruptionBudgets that count a pod."""
    meta = pod["metadata"]
    same = [budget for budget in every if budget["metadata"]["namespace"] == meta["namespace"]]
    return [budget for budget in same if _selects(budget["spec"].get("selector"), meta.get("labels") or {})]


def contested(pods: list[Object], every: list[Object]) -> list[str]:
    """Name the pods of more than one budget: the API refuses to evict those, whatever the budgets' numbers."""
    found = []
    for pod in evictable(pods):
        names = [title(budget) for budget in budgets(pod, every)]
        if len(names) > 1 and not _unguarded(pod):
            found.append(f"{title(pod)}: counted by more than one PodDisruptionBudget ({', '.join(names)})")
    return found


def blockers(pods: list[Object], every: list[Object]) -> list[Object]:
    """Say of each pod that a drain has not moved what holds it: `pod`, `budget` (empty: none), `why` and `todo`."""
    found = []
    for pod in evictable(pods):
        where, name = f"--namespace={pod['metadata']['namespace']}", pod["metadata"]["name"]
        budget = next((one for one in budgets(pod, every) if _closed(one, pod)), None)
        held = ""
        if "deletionTimestamp" in pod["metadata"]:
            why, todo = _ending(pod), f"see what keeps it: kubectl {where} describe pod {name}"
        elif budget is not None:
            held, why = title(budget), _numbers(budget)
            loosen = f"kubectl {where} edit poddisruptionbudget {budget['metadata']['name']}"
            todo = f"have one more replica ready on another node; or loosen the budget: {loosen}"
        else:
            why, todo = "no budget holds it; its turn had not come", "give the drain more time"
        found.append({"pod": title(pod), "budget": held, "why": why, "todo": todo})
    return found


def _numbers(budget: Object) -> str:
    spec, status = budget["spec"], budget.get("status", {})
    rule = next((f"{key} {spec[key]}" for key in ("minAvailable", "maxUnavailable") if spec.get(key) is not None), "?")
    return (
        f"PodDisruptionBudget {title(budget)} ({rule}) allows {status.get('disruptionsAllowed', 0) or 'no'} eviction: "
        f"{status.get('currentHealthy', 0)} of {status.get('expectedPods', 0)} healthy, "
        f"{status.get('desiredHealthy', 0)} must stay"
    )


def _closed(budget: Object, pod: Object) -> bool:
    """Tell whether a budget refuses this pod's eviction now."""
    if _unguarded(pod):
        return False
    status = budget.get("status", {})
    # A pod that is not ready costs the budget nothing (unhealthyPodEvictionPolicy, by default IfHealthyBudget).
    healthy = status.get("currentHealthy", 0) >= status.get("desiredHealthy", 0) > 0
    if not condition(pod, "Ready") and (healthy or budget["spec"].get("unhealthyPodEvictionPolicy") == "AlwaysAllow"):
        return False
    seen = status.get("observedGeneration", 0) >= budget["metadata"].get("generation", 0)
    return not seen or status.get("disruptionsAllowed", 0) < 1


def _ending(pod: Object) -> str:
    meta = pod["metadata"]
    kept = f", kept by its finalizers {', '.join(meta['finalizers'])}" if meta.get("finalizers") else ""
    grace = meta.get("deletionGracePeriodSeconds", 0)
    return f"evicted, and still ending; it was given {grace} s, until {meta['deletionTimestamp']}{kept}"


def _selects(selector: Object | None, labels: dict[str, str]) -> bool:
    """Tell whether a label selector selects; an empty one selects all, none at all nothing (policy/v1)."""
    if selector is None:
        return False
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    return all(_fits(term, labels) for term in selector.get("matchExpressions") or [])


def _fits(term: Object, labels: dict[str, str]) -> bool:
    there, values = term["key"] in labels, term.get("values") or []
    value = labels.get(term["key"])
    return {
        "In": there and value in values,
        "NotIn": value not in values,
        "Exists": there,
        "DoesNotExist": not there,
    }[term["operator"]]


def _kind(pod: Object) -> str:
    owners = pod["metadata"].get("ownerReferences") or []
    return next((str(owner["kind"]) for owner in owners if owner.get("controller")), "")


def _mirror(pod: Object) -> bool:
    return MIRROR in (pod["metadata"].get("annotations") or {})


def _ended(pod: Object) -> bool:
    return pod.get("status", {}).get("phase") in _ENDED


def _unguarded(pod: Object) -> bool:
    """Tell whether the API evicts a pod without asking any budget (canIgnorePDB)."""
    return _ended(pod) or pod.get("status", {}).get("phase") == "Pending" or "deletionTimestamp" in pod["metadata"]


def _emptydirs(pod: Object) -> list[str]:
    return [volume["name"] for volume in pod["spec"].get("volumes") or [] if "emptyDir" in volume]
