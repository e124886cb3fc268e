"""A node that is off is gone, and with it the pod that nobody there would have ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import EtcdMembers, Kubectl, Until


def test_it_is_gone_with_what_was_on_it(kubectl: Kubectl, etcd_members: EtcdMembers, until: Until) -> None:
    assert [member["name"] for member in etcd_members()] == ["melchior-1"]
    assert [node["metadata"]["name"] for node in kubectl("nodes")["items"]] == ["melchior-1"]
    # The pod collector looks every 20 s, and lets pods of a missing Node be for 40 s.
    chosen = ("pods", "--namespace=default", "--field-selector=spec.nodeName=balthasar-2")
    until(lambda: kubectl(*chosen)["items"] == [], 90)


def test_the_canary_lives(kubectl: Kubectl) -> None:
    assert kubectl("configmap", "canary", "--namespace=default")["data"] == {"song": "tweet"}
