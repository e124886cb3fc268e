"""What would be lost is named, and so is a node that is not there; then nothing was done."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Kubectl, Refused


def test_what_would_be_lost_is_named(refused: Refused) -> None:
    kept = {"node_drain_delete_unmanaged": False, "node_drain_delete_emptydir": False}
    tasks = refused("node_drain", "default/alone: no controller makes it again", **kept)
    assert "default/alone: its emptyDir scratch would be lost" in tasks[-1]["message"]


def test_a_misspelt_node_gets_the_nearest_name(refused: Refused) -> None:
    refused("node_drain", "no node 'melchor-1'; is melchior-1 meant?", node_drain_node="melchor-1")


def test_the_pod_lives_and_nothing_is_cordoned(kubectl: Kubectl) -> None:
    assert kubectl("pod", "alone", "--namespace=default")["status"]["phase"] == "Running"
    assert not kubectl("node", "melchior-1")["spec"].get("unschedulable")
