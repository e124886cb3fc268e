"""Argo CD is reached elsewhere, wants single sign-on, and keeps what it was made from in another folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Kubectl, Until
    from testinfra.host import Host

NAMESPACE = "--namespace=argocd"
DEX = "argocd-dex-server"
SOON = 240  # seconds


def test_people_are_sent_to_the_other_address(kubectl: Kubectl) -> None:
    assert kubectl("configmap", "argocd-cm", NAMESPACE)["data"]["url"] == "https://argocd.elsewhere.lab.home"


def test_single_sign_on_is_asked_for(kubectl: Kubectl) -> None:
    assert kubectl("deployment", DEX, NAMESPACE)["spec"]["replicas"] == 1


def test_every_other_part_becomes_ready(kubectl: Kubectl, until: Until) -> None:
    def ready() -> tuple[bool, object]:
        parts = {each["metadata"]["name"]: each for each in kubectl("deployments,statefulsets", NAMESPACE)["items"]}
        del parts[DEX]
        lacking = [
            f"{name}: {each['status']}"
            for name, each in parts.items()
            if each["status"].get("readyReplicas", 0) < each["spec"]["replicas"]
        ]
        return not lacking, lacking

    until(ready, SOON)


def test_a_repair_by_hand_finds_it_in_the_other_folder(host: Host) -> None:
    for name in ("install.yaml", "kustomization.yaml", "namespace.yaml"):
        assert host.file(f"/var/lib/blackstart/argocd-elsewhere/{name}").mode == 0o600
