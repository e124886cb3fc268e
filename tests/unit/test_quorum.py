"""Which member may leave etcd, and when none may."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from blackstart.node.etcd.quorum import Member, find, majority, objections


def member(name: str, *, healthy: bool = True, learner: bool = False, address: str = "") -> Member:
    return Member(id=f"id-{name}", name=name, learner=learner, healthy=healthy, address=address)


def cluster(health: str) -> list[Member]:
    """Return members a, b, c …: `+` a healthy voter, `-` a sick one, `l` a healthy learner, `x` one never started."""
    names = "abcdefg"
    return [member(names[i], healthy=one in "+l", learner=one in "lx") for i, one in enumerate(health)]


@pytest.mark.parametrize(
    ("health", "going", "says"),
    [
        ("+++", "a", []),
        ("-++", "a", []),
        ("+-+", "a", ["member b"]),
        ("---", "a", ["member b", "member c", "no quorum: 0 of 3 voters are healthy, 2 must be"]),
        ("++-", "c", []),
        ("--+", "a", ["member b", "no quorum: 1 of 3"]),
        ("+", "a", ["last voter"]),
        ("+x", "a", ["last voter"]),
        ("+l", "a", ["last voter"]),
        ("++", "a", []),
        # Nobody is left to agree: etcd would not commit it either.
        ("-+", "a", ["no quorum: 1 of 2 voters are healthy, 2 must be"]),
        ("+x", "b", []),
        ("++l", "c", []),
        ("+-x", "c", ["member b", "no quorum"]),
        ("++++-", "e", []),
        ("+++--", "e", ["member d"]),
        ("--+++", "a", ["member b"]),
    ],
)
def test_a_member_leaves_only_while_all_others_are_well(health: str, going: str, says: list[str]) -> None:
    members = cluster(health)
    found = objections(members, next(one for one in members if one.name == going))
    assert len(found) == len(says), found
    for text, words in zip(found, says, strict=True):
        assert words in text


def test_what_is_allowed_never_costs_the_quorum() -> None:
    for size in range(1, 6):
        for health in product("+-lx", repeat=size):
            members = cluster("".join(health))
            for going in members:
                if objections(members, going):
                    continue
                voters = [one for one in members if not one.learner]
                staying = [one for one in voters if one != going]
                assert sum(one.healthy for one in voters) >= majority(len(voters))
                assert sum(one.healthy for one in staying) >= majority(len(staying))
                assert staying


@pytest.mark.parametrize(("voters", "wanted"), [(1, 1), (2, 2), (3, 2), (4, 3), (5, 3)])
def test_a_majority_is_more_than_half(voters: int, wanted: int) -> None:
    assert majority(voters) == wanted


@pytest.mark.parametrize(
    ("name", "address", "found"),
    [
        ("a", "", "a"),
        ("a", "10.0.0.9", "a"),
        # One that never started has no name yet; one that has a name is not found by its address.
        ("c", "10.0.0.3", ""),
        ("d", "10.0.0.1", None),
        ("d", "", None),
    ],
)
def test_a_member_is_found_by_name_and_before_it_has_one_by_address(name: str, address: str, found: Any) -> None:
    members = [member("a", address="10.0.0.1"), member("", learner=True, healthy=False, address="10.0.0.3")]
    one = find(members, name, address)
    assert (one.name if one else None) == found
