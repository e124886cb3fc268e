"""The cordon of a person outlives the undoing of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Kubectl


def test_a_person_s_cordon_stays(kubectl: Kubectl) -> None:
    assert kubectl("node", "melchior-1")["spec"]["unschedulable"] is True
