"""Kinds, namespaces and an encrypted Secret of another inventory are there, and nothing secret was written anywhere."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Kubectl


@pytest.mark.parametrize("name", ["widgets.elsewhere.lab.home", "gadgets.elsewhere.lab.home"])
def test_a_kind_is_known_from_beside_the_inventory_or_out_of_the_bundle(kubectl: Kubectl, name: str) -> None:
    assert kubectl("customresourcedefinition", name)["spec"]["group"] == "elsewhere.lab.home"


def test_the_namespaces_are_there(kubectl: Kubectl) -> None:
    names = {item["metadata"]["name"] for item in kubectl("namespaces")["items"]}
    assert {"elsewhere-a", "elsewhere-b"} <= names


def test_the_secret_was_opened_on_its_way(kubectl: Kubectl) -> None:
    secret = kubectl("secret", "first", "--namespace=elsewhere-a")
    assert base64.b64decode(secret["data"]["word"]) == b"sesame"


def test_what_ansible_reports_does_not_hold_it() -> None:
    assert "sesame" not in (Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "results.jsonl").read_text()
