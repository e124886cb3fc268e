"""The plan is pure: reasons in, steps out."""

from __future__ import annotations

from typing import Any

import pytest

from blackstart.engine.run import batches, plan, refuse_unreachable
from blackstart.errors import UnreachableError
from blackstart.phases.base import Reason
from blackstart.probe.observed import NodeFacts, Observed
from blackstart.verbs import UP


class Phase:
    def __init__(self, name: str, *reasons: Reason) -> None:
        self.name, self._reasons = name, list(reasons)

    def reasons(self, desired: Any, observed: Any) -> list[Reason]:
        return self._reasons


NOTHING: Any = None  # desired


def test_a_phase_without_reasons_is_not_in_the_plan() -> None:
    phases: list[Any] = [Phase("idle"), Phase("busy", Reason("drifted", "a"))]
    steps = plan(phases, NOTHING, Observed(), ["a", "b"])
    assert [step.phase.name for step in steps] == ["busy"]


def test_limit_leaves_out_other_nodes_but_not_the_cluster() -> None:
    phases: list[Any] = [
        Phase("local", Reason("drifted", "a"), Reason("drifted", "b")),
        Phase("cluster", Reason("not there")),
    ]
    steps = plan(phases, NOTHING, Observed(), ["b"])
    assert [(s.phase.name, [r.node for r in s.reasons]) for s in steps] == [("local", ["b"]), ("cluster", [""])]


def test_every_unreachable_node_is_named_with_its_evidence() -> None:
    seen = Observed(
        nodes={
            "a": NodeFacts("a", reachable=False, error="no answer from 10.0.0.1:22 in 5 s"),
            "b": NodeFacts("b"),
            "c": NodeFacts("c", reachable=False, error="its host key is another"),
        }
    )
    with pytest.raises(UnreachableError) as caught:
        refuse_unreachable(seen, ["a", "b", "c"], ["c"])
    assert caught.value.message.splitlines() == ["a: no answer from 10.0.0.1:22 in 5 s", "c: its host key is another"]
    assert "blackstart rebuild c" in caught.value.hint, "a rebuild that was begun is not told of"
    assert "rebuild a" not in caught.value.hint
    refuse_unreachable(seen, ["b"])


def test_phases_that_need_the_same_gates_share_one_run() -> None:
    names = [[phase.name for phase in batch] for batch in batches(UP)]
    assert names[0] == [phase.name for phase in UP if phase.local and not phase.needs]
    assert ["cilium", "seed", "argocd"] in names
    assert ["members"] in names
    assert ["fresh_reboot"] in names, "it is decided after the node-local phases have run, not beside them"
    assert [name for batch in names for name in batch] == [phase.name for phase in UP]
