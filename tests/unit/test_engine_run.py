"""The engine walks a verb's graph: what runs beside what, what heals, what a failure and Ctrl-C leave."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from blackstart.engine import run as engine
from blackstart.engine.context import Context
from blackstart.engine.journal import Journal
from blackstart.engine.retry import SECONDS as NOT_WELL_SECONDS
from blackstart.engine.run import HEALS, Run, require_reachable
from blackstart.errors import (
    BlackstartError,
    GateTimeoutError,
    InterruptedRunError,
    NotWellError,
    RoleFailedError,
    UnreachableError,
)
from blackstart.probe.observed import ApiFacts, NodeFacts, Observed
from blackstart.step import Look, Play, Reason, Scope, Step
from tests.support.clock import Clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass
class World:
    """What is true, and what was done: a play takes some seconds of the clock, and then its step is done."""

    clock: Clock = field(default_factory=Clock)
    done: set[str] = field(default_factory=set)
    running: set[str] = field(default_factory=set)
    beside: set[frozenset[str]] = field(default_factory=set)  # what was seen running at once
    played: list[str] = field(default_factory=list)
    failing: dict[str, BlackstartError] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    ctrl_c_at: float = 1e9

    def sleep(self, seconds: float) -> None:
        self.clock.sleep(seconds)
        if self.clock() >= self.ctrl_c_at:
            self.ctrl_c_at = 1e9
            raise KeyboardInterrupt


class Scripted(Step):
    """A step that is done once it was played, unless the test says otherwise."""

    def __init__(self, world: World, name: str, *nodes: str, **about: Any) -> None:
        self.world, self.nodes = world, nodes
        vars(self).update(name=name, title=name, scope=Scope.NODES, **about)

    def reasons(self, desired: Any, observed: Any) -> list[Reason]:
        return [] if self.name in self.world.done else [Reason("to be done", node) for node in self.nodes]

    def play(self, desired: Any, observed: Any) -> Play:
        return Play(self.name, self.nodes)


class FakeWork:
    """Stands for an Ansible run: it ends when the clock says so."""

    world: World

    def __init__(self, context: Any, group: Any, variables: Any, *, clock: Clock) -> None:
        self.steps = [todo.step for todo, _ in group]
        self.names = [step.name for step in self.steps]
        self.nodes = {node for _, play in group for node in play.limit}
        self.end = clock() + max(self.world.seconds.get(name, 3.0) for name in self.names)
        self.world.running |= set(self.names)
        self.world.beside.add(frozenset(self.world.running))
        self.world.played += self.names

    @property
    def done(self) -> bool:
        return self.world.clock() >= self.end

    def touches(self, group: Any) -> bool:
        return any(self.nodes & set(play.limit) for _, play in group)

    def finish(self) -> None:
        self.world.running -= set(self.names)
        for name in self.names:
            if name in self.world.failing:
                raise self.world.failing[name]
        self.world.done |= set(self.names)

    @staticmethod
    def interrupt(works: list[FakeWork]) -> InterruptedRunError:
        return InterruptedRunError(f"interrupted: {', '.join(name for work in works for name in work.names)}")


class Eyes:
    """An observer that sees an API and two nodes, and forgets nothing."""

    def __init__(self) -> None:
        self.latest = Observed(nodes={"a": NodeFacts("a"), "b": NodeFacts("b")}, api=ApiFacts(reachable=True))
        self.fleet = SimpleNamespace(local_address=lambda _: "127.0.0.1")

    def look(self) -> Observed:
        return self.latest

    def reachable(self) -> list[str]:
        return list(self.latest.nodes)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    FakeWork.world = made
    monkeypatch.setattr(engine, "Work", FakeWork)
    monkeypatch.setattr(engine, "prefork", nullcontext)  # no Ansible runs, so none need be loaded
    return made


@pytest.fixture
def go(world: World, tmp_path: Path) -> Callable[..., tuple[str, ...]]:
    def apply(*steps: Step, timeout: float | None = None) -> tuple[str, ...]:
        bundle: Any = SimpleNamespace(path=tmp_path, problems=list, images=(), files={})
        eyes: Any = Eyes()
        desired: Any = SimpleNamespace()
        context = Context(desired, (), tmp_path, bundle, eyes, Journal(tmp_path / "run"))
        return Run(context, steps, ("a", "b"), timeout, clock=world.clock, sleep=world.sleep).apply()

    return apply


def events(tmp_path: Path, kind: str) -> list[dict[str, Any]]:
    lines = (tmp_path / "run" / "journal.jsonl").read_text().splitlines()
    return [event for event in map(json.loads, lines) if event["kind"] == kind]


def test_nothing_to_do_applies_nothing(world: World, go: Any) -> None:
    world.done = {"one"}
    assert go(Scripted(world, "one", "a")) == ()
    assert world.clock() == 0, "it waited for nothing"


def test_steps_on_other_nodes_run_beside_each_other(world: World, go: Any) -> None:
    steps = [Scripted(world, "install", "a"), Scripted(world, "join", "b", needs=("install",))]
    steps += [Scripted(world, "argocd", "a", needs=("install",)), Scripted(world, "root", "a", needs=("argocd",))]
    world.seconds["join"] = 30.0
    assert set(go(*steps)) == {"install", "join", "argocd", "root"}
    assert {"join", "argocd"} in world.beside
    assert {"join", "root"} in world.beside, "the root application waited for the join"
    assert world.clock() < 40


def test_two_plays_never_run_on_one_node(world: World, go: Any) -> None:
    steps = [Scripted(world, "one", "a"), Scripted(world, "two", "a", needs=("one",)), Scripted(world, "three", "a")]
    go(*steps)
    assert world.beside == {frozenset({"one"}), frozenset({"two", "three"})}, "in order, and neighbours share a run"


def test_a_step_that_acts_by_itself_runs_alone(world: World, go: Any) -> None:
    class Alone(Scripted):
        def apply(self, *_: Any) -> None:
            assert not world.running
            world.done.add("alone")

    alone = Alone(world, "alone", "b")
    vars(alone)["scope"] = Scope.HERE
    assert go(Scripted(world, "one", "a"), alone) == ("one", "alone")


def test_a_step_that_heals_is_applied_again_and_not_for_ever(world: World, go: Any) -> None:
    class Sick(Scripted):
        def reasons(self, *_: Any) -> list[Reason]:
            return [Reason("a pod is stuck")]

        def gate(self, *_: Any) -> Look:
            return Look(open=False, seen="a pod is stuck")

    with pytest.raises(GateTimeoutError, match="heal timed out after 120 s; last seen: a pod is stuck"):
        go(Sick(world, "heal", "a", heals=True))
    assert world.played == ["heal"] * HEALS


def test_what_does_not_heal_is_applied_once(world: World, go: Any) -> None:
    class Stubborn(Scripted):
        def reasons(self, *_: Any) -> list[Reason]:
            return [Reason("still so", "a")]

    with pytest.raises(GateTimeoutError, match="still so"):
        go(Stubborn(world, "stubborn", "a"))
    assert world.played == ["stubborn"]


def test_the_given_timeout_replaces_the_steps_own(world: World, go: Any) -> None:
    class Shut(Scripted):
        def gate(self, *_: Any) -> Look:
            return Look(open=False, seen="no")

    with pytest.raises(GateTimeoutError, match="after 2 s"):
        go(Shut(world, "shut"), timeout=2)


def test_a_failure_lets_what_runs_beside_it_end_and_starts_nothing(world: World, go: Any, tmp_path: Path) -> None:
    world.failing["argocd"] = RoleFailedError("argocd failed")
    world.seconds["join"] = 30.0
    steps = [
        Scripted(world, "join", "b"),
        Scripted(world, "argocd", "a"),
        Scripted(world, "root", "a", needs=("join",)),
    ]
    with pytest.raises(RoleFailedError, match="argocd failed"):
        go(*steps)
    assert "join" in world.done
    assert "root" not in world.played
    assert "waiting for join to end" in [event["text"] for event in events(tmp_path, "note")]


def test_ctrl_c_stops_every_run(world: World, go: Any) -> None:
    world.ctrl_c_at = 1.0
    with pytest.raises(InterruptedRunError, match="join, argocd"):
        go(Scripted(world, "join", "b"), Scripted(world, "argocd", "a"))


@pytest.mark.parametrize(("passes", "fails"), [(5.0, False), (NOT_WELL_SECONDS + 5, True)])
def test_what_may_pass_is_looked_at_for_a_while(world: World, go: Any, passes: float, *, fails: bool) -> None:
    class Joins(Scripted):
        def play(self, desired: Any, observed: Any) -> Play:
            if world.clock() < passes:
                raise NotWellError("etcd has no leader")
            return super().play(desired, observed)

    if fails:
        with pytest.raises(NotWellError):
            go(Joins(world, "join", "a"))
    else:
        assert go(Joins(world, "join", "a")) == ("join",)


def test_every_unreachable_node_is_named_with_its_evidence() -> None:
    seen = Observed(
        nodes={
            "a": NodeFacts("a", reachable=False, error="no answer from 10.0.0.1:22 in 5 s"),
            "b": NodeFacts("b"),
            "c": NodeFacts("c", reachable=False, error="its host key is another"),
        }
    )
    with pytest.raises(UnreachableError) as caught:
        require_reachable(seen, ["a", "b", "c"], ["c"])
    assert caught.value.message.splitlines() == ["a: no answer from 10.0.0.1:22 in 5 s", "c: its host key is another"]
    assert "blackstart rebuild c" in caught.value.hint, "a rebuild that was begun is not told of"
    assert "rebuild a" not in caught.value.hint
    require_reachable(seen, ["b"])
