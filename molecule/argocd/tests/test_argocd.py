"""Argo CD stands, from images that are there, and is reached as the inventory says."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Kubectl, Refused, Until

NAMESPACE = "--namespace=argocd"
SOON = 240  # seconds


def test_every_part_becomes_ready(kubectl: Kubectl, until: Until) -> None:
    def ready() -> tuple[bool, object]:
        parts = kubectl("deployments,statefulsets", NAMESPACE)["items"]
        lacking = [
            f"{part['metadata']['name']}: {part['status']}"
            for part in parts
            if part["status"].get("readyReplicas", 0) < part["spec"]["replicas"]
        ]
        return not lacking, lacking

    until(ready, SOON)


def test_nothing_is_pulled_that_is_there(kubectl: Kubectl) -> None:
    parts = kubectl("deployments,statefulsets", NAMESPACE)["items"]
    specs = [part["spec"]["template"]["spec"] for part in parts]
    containers = [each for spec in specs for each in (*spec["containers"], *spec.get("initContainers", []))]
    assert {container.get("imagePullPolicy") for container in containers} == {"IfNotPresent"}


def test_it_knows_the_kind_application(kubectl: Kubectl) -> None:
    assert kubectl("customresourcedefinition", "applications.argoproj.io")["spec"]["group"] == "argoproj.io"


def test_it_refuses_to_apply_nothing(refused: Refused) -> None:
    refused("argocd", "argocd_manifest_url is empty", argocd_manifest_url="")
