"""Another folder of the repository, under another name and revision, is what Argo CD keeps the cluster to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Kubectl, Until

NAMESPACE = "--namespace=argocd"
SOON = 180  # seconds
SOURCE = {"repoURL": "git://10.77.14.2/homelab", "targetRevision": "HEAD", "path": "cluster/platform/hello"}


def test_the_root_says_where_it_comes_from(kubectl: Kubectl) -> None:
    assert kubectl("application", "root", NAMESPACE)["spec"]["source"] == SOURCE


def test_what_is_in_that_folder_is_brought_about(kubectl: Kubectl, until: Until) -> None:
    def synced() -> tuple[bool, object]:
        status = kubectl("application", "root", NAMESPACE).get("status", {})
        made = [each["kind"] for each in status.get("resources", [])]
        true = status.get("sync", {}).get("status") == "Synced" and "Deployment" in made
        return true, {"resources": made, **{key: status.get(key) for key in ("sync", "health", "conditions")}}

    until(synced, SOON)


def test_what_came_from_the_first_folder_is_gone(kubectl: Kubectl, until: Until) -> None:
    def alone() -> tuple[bool, object]:
        names = [item["metadata"]["name"] for item in kubectl("applications", NAMESPACE)["items"]]
        return names == ["root"], names

    until(alone, SOON)
