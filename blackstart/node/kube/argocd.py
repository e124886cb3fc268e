"""Pause Argo CD's reconciliation of the Applications that own a workload, and resume it.

What is held is written on the Application itself, so that a later run can resume it when this one was interrupted. The
first annotation is Argo CD's own (common/common.go, AnnotationKeyAppSkipReconcile), the second says that it was us: an
Application that a person told to skip is left as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..kubectl import Kubectl
    from ..module import Module

SKIP = "argocd.argoproj.io/skip-reconcile"
HELD = "blackstart.io/held"
RESOURCE = "applications.argoproj.io"


def owners(applications: list[dict[str, Any]], kind: str, namespace: str, name: str) -> list[dict[str, Any]]:
    """Return the Applications that manage the workload and are not skipped yet."""

    def manages(application: dict[str, Any]) -> bool:
        resources = application.get("status", {}).get("resources", [])
        return any((r.get("kind"), r.get("namespace"), r.get("name")) == (kind, namespace, name) for r in resources)

    return [app for app in applications if manages(app) and SKIP not in app["metadata"].get("annotations", {})]


def held(applications: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the Applications that we told to skip."""
    return [app for app in applications if HELD in app["metadata"].get("annotations", {})]


def apply(kubectl: Kubectl, module: Module) -> dict[str, Any]:
    """Hold or release; returns the module's result. Raises KubectlError."""
    params = module.params
    applications = kubectl.get(RESOURCE, "--all-namespaces")
    if params["state"] == "held":
        chosen = owners(applications, params["kind"], params["namespace"], params["name"])
        annotations = [f"{SKIP}=true", f"{HELD}=network repair"]
    else:
        chosen = held(applications)
        annotations = [f"{SKIP}-", f"{HELD}-"]
    names = [(app["metadata"]["namespace"], app["metadata"]["name"]) for app in chosen]
    for namespace, name in names if not module.check_mode else ():
        kubectl.run("annotate", RESOURCE, name, f"--namespace={namespace}", "--overwrite", *annotations)
    return {"changed": bool(names), "applications": [f"{namespace}/{name}" for namespace, name in names]}
