"""The plan is pure: reasons in, steps out; what may begin, and what shares a run."""

from __future__ import annotations

from typing import Any

import pytest

from blackstart.engine.plan import ETCD, Todo, behind, faults, groups, plan, preview, startable, touches
from blackstart.errors import RefusedError
from blackstart.probe.observed import NodeFacts, Observed
from blackstart.step import Look, Play, Reason, Scope, Step

NOTHING: Any = None  # desired
OPEN, ENOUGH, SHUT = Look(open=True, seen=""), Look(open=False, seen="", enough=True), Look(open=False, seen="")


def step(name: str, *nodes: str, needs: tuple[str, ...] = (), scope: Scope = Scope.NODES, etcd: bool = False) -> Step:
    """Make a step that has a reason on each of the nodes; "" is the cluster."""

    class Made(Step):
        def reasons(self, desired: Any, observed: Any) -> list[Reason]:
            return [Reason("drifted", node) for node in nodes]

    Made.name, Made.title, Made.needs, Made.scope, Made.etcd = name, name, needs, scope, etcd
    return Made()


def todo(made: Step) -> Todo:
    return Todo(made, tuple(made.reasons(NOTHING, Observed())))


def names(found: Any) -> list[str]:
    return [one.step.name for one in found]


def test_a_step_without_reasons_is_not_in_the_plan() -> None:
    assert names(plan([step("idle"), step("busy", "a")], NOTHING, Observed(), ["a", "b"])) == ["busy"]


def test_limit_leaves_out_other_nodes_but_not_the_cluster() -> None:
    steps = plan([step("local", "a", "b"), step("cluster", "")], NOTHING, Observed(), ["b"])
    assert [(s.step.name, [r.node for r in s.reasons]) for s in steps] == [("local", ["b"]), ("cluster", [""])]


def test_a_preview_shows_what_refuses_a_step_and_a_plan_raises_it() -> None:
    class Refused(Step):
        name = title = "refused"

        def reasons(self, desired: Any, observed: Any) -> list[Reason]:
            raise RefusedError("no quorum")

    steps = [Refused(), step("busy", "a")]
    assert [(one.step.name, str(one.refusal or "")) for one in preview(steps, NOTHING, Observed(), ["a"])] == [
        ("refused", "no quorum"),
        ("busy", ""),
    ]
    with pytest.raises(RefusedError, match="no quorum"):
        plan(steps, NOTHING, Observed(), ["a"])


def test_a_step_is_asked_about_what_will_be_seen_after_those_before_it() -> None:
    class Install(Step):
        name = title = "install"

        def reasons(self, desired: Any, observed: Observed) -> list[Reason]:
            return [] if observed.nodes else [Reason("nothing is there", "a")]

        def expected(self, desired: Any, observed: Observed) -> Observed:
            return Observed(nodes={"a": NodeFacts("a")})

    class Configure(Step):
        name = title = "configure"

        def reasons(self, desired: Any, observed: Observed) -> list[Reason]:
            return [Reason("never finished there", name) for name in observed.nodes]

    assert names(plan([Install(), Configure()], NOTHING, Observed(), ["a"])) == ["install", "configure"]
    assert names(plan([Configure()], NOTHING, Observed(), ["a"])) == []


@pytest.mark.parametrize(("look", "begins"), [(OPEN, True), (ENOUGH, True), (SHUT, False)])
def test_a_step_begins_when_what_it_needs_suffices(look: Look, *, begins: bool) -> None:
    first, second = step("first"), step("second", "a", needs=("first", "of another verb"))
    found = startable([first, second], [todo(second)], {"first": look, "second": SHUT}, set())
    assert names(found) == ["second"] * begins


@pytest.mark.parametrize("busy", [set(), {"first"}])
def test_a_step_waits_for_what_it_needs_to_be_applied(busy: set[str]) -> None:
    first, second = step("first", "a"), step("second", "b", needs=("first",))
    due = [todo(second)] if busy else [todo(first), todo(second)]
    assert "second" not in names(startable([first, second], due, {"first": OPEN, "second": SHUT}, busy))


def test_a_node_that_waits_for_an_earlier_step_is_not_given_to_a_later_one() -> None:
    """A reboot that is due before the node becomes a member waits for the images; the join must not come first."""
    images, reboot = step("images"), step("reboot", "a", needs=("images",))
    join, other = step("join", "a"), step("other", "b")
    due = [todo(reboot), todo(join), todo(other)]
    looks = {"images": SHUT, "reboot": SHUT, "join": SHUT, "other": SHUT}
    assert names(startable([images, reboot, join, other], due, looks, set())) == ["other"]


def test_what_touches_the_same_node_shares_a_run_and_nothing_else_does() -> None:
    one, two, three = step("one", "a"), step("two", "a", "b"), step("three", "c")
    found = groups(
        [(todo(one), Play("one", ("a",))), (todo(three), Play("three", ("c",))), (todo(two), Play("two", ("a", "b")))]
    )
    assert [[entry.step.name for entry, _ in group] for group in found] == [["three"], ["one", "two"]]


def test_two_changes_of_etcd_s_members_never_run_beside_each_other() -> None:
    join, leave = step("join", "a", etcd=True), step("leave", "b", etcd=True)
    assert touches(join, Play("join", ("a",))) == {"a", ETCD}
    assert len(groups([(todo(join), Play("join", ("a",))), (todo(leave), Play("leave", ("b",)))])) == 1


def test_behind_follows_needs_through_others() -> None:
    steps = [step("a"), step("b", needs=("a",)), step("c", needs=("b",)), step("d")]
    assert behind(steps, {"a"}) == {"b", "c"}


def test_faults_of_a_graph_are_named() -> None:
    steps = [step("a", needs=("b",)), step("b", needs=("a", "nowhere")), step("b")]
    assert faults(steps, {"a", "b"}) == [
        "b is there twice",
        "a needs b, which comes after it",
        "b needs nowhere, which no verb has",
    ]
