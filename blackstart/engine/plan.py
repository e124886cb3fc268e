"""Which steps have something to do, which of them may begin, and which share an Ansible run. Pure.

A verb's steps are a graph by their `needs`, and stand in an order that settles the rest: of two steps that change the
same node, the earlier goes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blackstart.errors import RefusedError
from blackstart.step import Play, Reason, Scope, Step

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import Observed
    from blackstart.step import Look

ETCD = "etcd's members"  # what a step touches that changes them, besides its nodes


@dataclass(frozen=True, slots=True)
class Todo:
    """A step and its reasons; without reasons there is nothing to do, unless `refusal` says why it must not be done."""

    step: Step
    reasons: tuple[Reason, ...]
    refusal: RefusedError | None = None

    def event(self) -> dict[str, Any]:
        """Return it as the journal and --json show it."""
        reasons = [{"node": reason.node, "text": reason.text} for reason in self.reasons]
        refused = {"refused": self.refusal.message} if self.refusal else {}
        return {"phase": self.step.name, "title": self.step.title, "reasons": reasons, **refused}


def preview(steps: Sequence[Step], desired: Cluster, observed: Observed, limit: Collection[str]) -> tuple[Todo, ...]:
    """Return every step with its reasons, those for nodes outside limit left out, and what refuses it.

    A step behind one that has something to do is asked about what will be seen then (Step.expected).
    """
    found = []
    for step in steps:
        try:
            reasons = step.reasons(desired, observed)
        except RefusedError as error:
            found.append(Todo(step, (), error))
            continue
        todo = Todo(step, tuple(reason for reason in reasons if not reason.node or reason.node in limit))
        found.append(todo)
        if todo.reasons:
            observed = step.expected(desired, observed)
    return tuple(found)


def plan(steps: Sequence[Step], desired: Cluster, observed: Observed, limit: Collection[str]) -> tuple[Todo, ...]:
    """Return the steps that have something to do, in order; raises the first step's RefusedError or NotWellError."""
    todos = preview(steps, desired, observed, limit)
    for todo in todos:
        if todo.refusal is not None:
            raise todo.refusal
    return tuple(todo for todo in todos if todo.reasons)


def startable(
    steps: Sequence[Step], due: Sequence[Todo], looks: Mapping[str, Look], busy: Collection[str]
) -> tuple[Todo, ...]:
    """Return those that may begin now; busy are the steps at work.

    The needs of each suffice and have nothing to do themselves; and no earlier step that is still to change one of its
    nodes has to wait, such as a reboot before the node becomes a member.
    """
    names = {step.name for step in steps}
    waiting = {todo.step.name for todo in due} | set(busy)
    found: list[Todo] = []
    held: set[str] = set()
    for todo in due:
        if todo.step.name in busy:
            continue
        nodes = {reason.node for reason in todo.reasons if reason.node}
        needs = [need for need in todo.step.needs if need in names]
        if all(need not in waiting and looks[need].suffices for need in needs) and not nodes & held:
            found.append(todo)
        elif todo.step.scope is Scope.NODES:
            held |= nodes
    return tuple(found)


def behind(steps: Sequence[Step], names: Collection[str]) -> frozenset[str]:
    """Return the steps that need one of these, directly or through others."""
    found: set[str] = set()
    for _ in steps:
        found |= {step.name for step in steps if set(step.needs) & (found | set(names))}
    return frozenset(found)


def touches(step: Step, play: Play) -> frozenset[str]:
    """Return what a play works on: two at once must have nothing of it in common."""
    return frozenset(play.limit) | (frozenset({ETCD}) if step.etcd else frozenset())


def groups(plays: Iterable[tuple[Todo, Play]]) -> list[list[tuple[Todo, Play]]]:
    """Put together what touches the same and so has to share one Ansible run, in order."""
    found: list[tuple[frozenset[str], list[tuple[Todo, Play]]]] = []
    for todo, play in plays:
        mine = touches(todo.step, play)
        near = [group for group in found if group[0] & mine]
        merged = (mine.union(*(one[0] for one in near)), [entry for one in near for entry in one[1]] + [(todo, play)])
        found = [group for group in found if group not in near] + [merged]
    return [entries for _, entries in found]


def faults(steps: Sequence[Step], known: Collection[str]) -> list[str]:
    """Return what is wrong with a verb's steps: two of one name, a need that no verb has, or one that comes later.

    `known` are the names of all verbs' steps: a need that this verb lacks is passed over where another has it.
    """
    names = [step.name for step in steps]
    said = [f"{name} is there twice" for name in dict.fromkeys(names) if names.count(name) > 1]
    for index, step in enumerate(steps):
        said += [f"{step.name} needs {need}, which no verb has" for need in step.needs if need not in known]
        said += [f"{step.name} needs {need}, which comes after it" for need in step.needs if need in names[index:]]
    return said
