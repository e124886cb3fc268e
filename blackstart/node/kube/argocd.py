"""Keep Argo CD's hands off the Applications that own a workload, and give them back.

What is held is written on the Application itself, so that whoever comes next can give it back when this run was cut
off. The first annotation is Argo CD's own (common/common.go, AnnotationKeyAppSkipReconcile), the second says that it
was us: an Application that a person told to skip is left as it is.
"""

from __future__ import annotations

from typing import Any

SKIP = "argocd.argoproj.io/skip-reconcile"
HELD = "blackstart.io/held"
RESOURCE = "applications.argoproj.io"


def owners(applications: list[dict[str, Any]], kind: str, namespace: str, name: str) -> list[dict[str, Any]]:
    """Return the Applications that manage the workload and that nobody told to skip yet."""

    def manages(application: dict[str, Any]) -> bool:
        resources = application.get("status", {}).get("resources", [])
        return any((r.get("kind"), r.get("namespace"), r.get("name")) == (kind, namespace, name) for r in resources)

    return [app for app in applications if manages(app) and SKIP not in app["metadata"].get("annotations", {})]


def held(applications: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the Applications that we told to skip."""
    return [app for app in applications if HELD in app["metadata"].get("annotations", {})]
