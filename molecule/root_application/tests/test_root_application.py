"""The root application is handed over, and every leaf of the practice platform becomes well by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Kubectl

SOON = 300  # seconds
LEAVES = {"crds", "hello", "beacon"}


def test_the_root_says_where_it_comes_from(kubectl: Kubectl) -> None:
    source = kubectl("application", "root", "--namespace=argocd")["spec"]["source"]
    assert source["repoURL"] == "git://10.77.14.2/homelab.git"


def test_every_leaf_is_synced_and_healthy(kubectl: Kubectl, until: Callable[[Callable[[], bool], float], None]) -> None:
    def well() -> bool:
        items = kubectl("applications", "--namespace=argocd")["items"]
        state = {
            item["metadata"]["name"]: (
                item.get("status", {}).get("sync", {}).get("status"),
                item.get("status", {}).get("health", {}).get("status"),
            )
            for item in items
        }
        return len(state) > 1 and set(state.values()) == {("Synced", "Healthy")}

    until(well, SOON)
