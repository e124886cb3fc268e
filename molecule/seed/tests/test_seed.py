"""What a root application may refer to before its children have installed it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Kubectl, Refused


def test_the_kinds_are_known(kubectl: Kubectl) -> None:
    crds = {item["metadata"]["name"]: item for item in kubectl("customresourcedefinitions")["items"]}
    assert "beacons.lab.home" in crds
    conditions = crds["beacons.lab.home"]["status"]["conditions"]
    assert next(item["status"] for item in conditions if item["type"] == "Established") == "True"


def test_it_refuses_secrets_that_nobody_can_open(refused: Refused) -> None:
    refused("seed", "wanted: both or neither", seed_encrypted_file="seed/secrets.age")
