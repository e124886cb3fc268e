"""The root application is handed over, and every leaf of the practice platform becomes well by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Kubectl, Refused, Until

SOON = 300  # seconds
LEAVES = {"root", "crds", "hello", "platform"}


def test_the_root_says_where_it_comes_from(kubectl: Kubectl) -> None:
    source = kubectl("application", "root", "--namespace=argocd")["spec"]["source"]
    assert source["repoURL"] == "git://10.77.14.2/homelab.git"


def test_every_leaf_is_synced_and_healthy(kubectl: Kubectl, until: Until) -> None:
    def well() -> tuple[bool, object]:
        status = {
            item["metadata"]["name"]: item.get("status", {})
            for item in kubectl("applications", "--namespace=argocd")["items"]
        }
        state = {
            name: (each.get("sync", {}).get("status"), each.get("health", {}).get("status"))
            for name, each in status.items()
        }
        evidence = {
            name: {key: each.get(key) for key in ("sync", "health", "conditions", "operationState") if key in each}
            for name, each in status.items()
            if state[name] != ("Synced", "Healthy")
        }
        return state.keys() == LEAVES and not evidence, {"there": sorted(state), "not well": evidence}

    until(well, SOON)


def test_it_refuses_to_hand_over_nothing(refused: Refused) -> None:
    refused("root_application", "root_application_repository is", root_application_repository="")
