"""When a member may leave etcd. Pure.

A change of members is committed by a majority of the voters as they were, and has to leave a majority of those that
stay (https://etcd.io/docs/v3.6/op-guide/runtime-configuration/). Learners vote in neither. etcd's own guard
(--strict-reconfig-check) allows a removal with a second voter down when the numbers hold; this one does not: between
the removal and the next join there would be no voter to spare.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class EtcdError(Exception):
    """There is no etcd to ask here, or it answered with an error; its text holds no key and no value."""


class Member(NamedTuple):
    """One member of etcd; `id` is hexadecimal, and one that never started has an address but no name.

    `lacks` says why it is not healthy, as far as etcd says.
    """

    id: str
    name: str
    learner: bool
    healthy: bool
    address: str = ""
    lacks: str = ""

    @property
    def title(self) -> str:
        """Its name, else its address, for messages."""
        return self.name or f"the one at {self.address} that never started"


def majority(voters: int) -> int:
    """Return how many of so many voters must agree."""
    return voters // 2 + 1


def find(members: Sequence[Member], name: str, address: str) -> Member | None:
    """Return a node's member: by its name, or by its address as long as it has no name."""
    named = [member for member in members if member.name == name]
    unnamed = [member for member in members if not member.name and address and member.address == address]
    return next(iter(named + unnamed), None)


def objections(members: Sequence[Member], going: Member) -> list[str]:
    """Say why a member must not leave now; empty when it may."""
    voters = [member for member in members if not member.learner]
    staying = [member for member in voters if member.id != going.id]
    if not staying:
        last = f"{going.title} is the last voter of etcd: all data of the cluster would be lost. "
        return [f"{last}Wanted: another healthy control plane, joined and promoted first"]
    found = [
        f"etcd member {member.title} ({member.id}) is not healthy{f' ({member.lacks})' if member.lacks else ''}, "
        "and every other voter must be: bring it back first, `blackstart status` shows its state"
        for member in staying
        if not member.healthy
    ]
    alive = sum(member.healthy for member in voters)
    if alive < majority(len(voters)):
        found.append(
            f"etcd has no quorum: {alive} of {len(voters)} voters are healthy, {majority(len(voters))} must be, so "
            "that no member can be removed. Start the others; when they are lost, restore from a snapshot"
        )
    return found
