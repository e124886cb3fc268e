"""The second node is out of etcd and out of the API; the first one is well and holds what it held."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import EtcdMembers, Kubectl


def test_it_is_gone_from_etcd_and_from_the_api(kubectl: Kubectl, etcd_members: EtcdMembers) -> None:
    assert [member["name"] for member in etcd_members()] == ["melchior-1"]
    assert [node["metadata"]["name"] for node in kubectl("nodes")["items"]] == ["melchior-1"]


def test_the_other_one_is_well(kubectl: Kubectl) -> None:
    node = kubectl("node", "melchior-1")
    assert not node["spec"].get("unschedulable")
    ready = {entry["type"]: entry["status"] for entry in node["status"]["conditions"]}["Ready"]
    assert ready == "True"
    assert kubectl("configmap", "canary", "--namespace=default")["data"] == {"song": "tweet"}
