"""The volume of a node that is off is waited for, and until then nothing is removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import EtcdMembers, Kubectl, Refused


def test_its_volume_is_waited_for(refused: Refused, kubectl: Kubectl, etcd_members: EtcdMembers) -> None:
    told = "after 1 s volumes are still attached to balthasar-2: pv-of-nobody"
    refused("node_removal", told, node_removal_timeout=1)
    taints = kubectl("node", "balthasar-2")["spec"]["taints"]
    said = [(taint.get("value"), taint["effect"]) for taint in taints if taint["key"].endswith("/out-of-service")]
    assert said == [("nodeshutdown", "NoExecute")]
    assert len(etcd_members()) == 2
