"""The path of a rebuild, decided on observations: what is to be gone, what is past, and when nothing may be touched."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from blackstart.cli.plan import text
from blackstart.engine.plan import preview
from blackstart.errors import InputError, RefusedError
from blackstart.metal import order as orders
from blackstart.metal.known_hosts import pin
from blackstart.power.base import Power
from blackstart.power.base import PowerFacts as PowerSeen
from blackstart.probe.observed import NodeFacts, Observed
from blackstart.rebuild import ceph, close_order, install, power_off, remove_node, snapshot
from blackstart.rebuild.begin import Surroundings
from blackstart.rebuild.preconditions import require_well
from blackstart.rebuild.view import View, view
from blackstart.verbs import AFTER, BEFORE, REBUILD
from tests.support.facts import DESIRED, HEALTHY, NAMES, etcd, with_api, with_node

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NODE = "casper-3"
ON, OFF, DUNNO = (PowerSeen(power, f"the button says {power}") for power in (Power.ON, Power.OFF, Power.UNKNOWN))
SERIAL = DESIRED.node(NODE).disks.boot.serial
ORDER = orders.Order(NODE, "0123456789abcdef", 1000.5, SERIAL, "ssh-ed25519 AAAA")
# What asks about the others is asked apart: some of these stages have fewer nodes than it wants.
PATH = (*BEFORE[1:], *AFTER)
TWO = tuple(name for name in NAMES if name != NODE)


def seen(observed: Observed = HEALTHY, *, order: orders.Order | None = ORDER, power: PowerSeen = ON) -> View:
    return View.of(observed, node=NODE, order=order, power=power)


def gone(observed: Observed) -> Observed:
    """Make the node silent, with its Node no more Ready."""
    silent = NodeFacts(name=NODE, reachable=False, error="no answer")
    nodes = tuple(replace(node, ready=node.name != NODE) for node in observed.api.nodes)
    return with_api(replace(observed, nodes={**observed.nodes, NODE: silent}), nodes=nodes)


def removed(observed: Observed) -> Observed:
    """Neither etcd nor the API has the node any more."""
    members = tuple(member for member in etcd() if member.name in TWO)
    for name in TWO:
        observed = with_node(observed, name, etcd=members)
    observed = with_node(observed, NODE, etcd=())
    return with_api(observed, nodes=tuple(node for node in observed.api.nodes if node.name != NODE))


def renewed(observed: Observed, **changes: Any) -> Observed:
    fresh = NodeFacts(name=NODE, installation=ORDER.id)
    return with_node(replace(observed, nodes={**observed.nodes, NODE: fresh}), NODE, **changes)


STAGES = {
    "alive": (seen(), ["snapshot", "remove_node", "power_off", "install"]),
    "dead, and its button tells that it is on": (seen(gone(HEALTHY)), ["snapshot", "outage", "remove_node", "install"]),
    "dead, and its button tells that it is off": (
        seen(gone(HEALTHY), power=OFF), ["snapshot", "remove_node", "install"],
    ),
    "dead, and its button cannot tell": (seen(gone(HEALTHY), power=DUNNO), ["snapshot", "remove_node", "install"]),
    "out of the cluster, still on": (seen(removed(HEALTHY)), ["snapshot", "power_off", "install"]),
    "out of the cluster, dark": (seen(removed(gone(HEALTHY)), power=OFF), ["snapshot", "install"]),
    "its installer's live system answers": (seen(renewed(removed(HEALTHY), live=True)), ["snapshot", "install"]),
    "newly installed": (seen(renewed(removed(HEALTHY))), ["close_order"]),
    "a system that others installed": (
        seen(renewed(removed(HEALTHY), installation="ffff")), ["snapshot", "power_off", "install"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("stage", "wanted"), STAGES.values(), ids=STAGES)
def test_the_path_is_what_is_left_of_it(stage: Observed, wanted: list[str]) -> None:
    assert [step.name for step in PATH if step.reasons(DESIRED, stage)] == wanted


def test_a_member_under_the_ordered_id_is_not_taken_out_again() -> None:
    """Killed between the join and the end: the Node and the etcd member that are seen are the new ones."""
    back = seen(with_node(HEALTHY, NODE, installation=ORDER.id))
    assert [step.name for step in BEFORE if step.reasons(DESIRED, back)] == []
    assert close_order.STEP.reasons(DESIRED, back)


def test_after_its_order_was_closed_a_rebuild_is_over() -> None:
    back = seen(with_node(HEALTHY, NODE, installation=ORDER.id))
    over = replace(back, closed=True)
    assert [
        todo.step.name for todo in preview(REBUILD, DESIRED, over, (NODE,)) if todo.step in PATH and todo.reasons
    ] == []


def test_what_was_ordered_is_known_after_it_was_closed(tmp_path: Path) -> None:
    driver: Any = type("Driver", (), {"state": lambda _: ON})()
    around = Surroundings(NODE, tmp_path, driver)
    made = orders.place(tmp_path, NODE, SERIAL, order_id="aa", now=1.0)
    before = view(around.add(HEALTHY))
    orders.close(tmp_path, NODE)
    after = view(around.add(HEALTHY))
    assert (before.order, before.closed, after.order, after.closed) == (made, False, made, True)


def test_without_an_order_nothing_counts_as_new() -> None:
    back = seen(with_node(HEALTHY, NODE, installation=ORDER.id), order=None)
    assert remove_node.STEP.reasons(DESIRED, back)
    assert install.STEP.reasons(DESIRED, back)


def test_a_node_that_is_not_ready_is_switched_off_before_its_pods_are_given_away() -> None:
    sick = with_api(HEALTHY, nodes=tuple(replace(n, ready=n.name != NODE) for n in HEALTHY.api.nodes))
    assert power_off.OUTAGE.reasons(DESIRED, seen(sick))
    assert power_off.OUTAGE.reasons(DESIRED, seen(sick, power=DUNNO)), "it answers, so it is not off"
    assert not power_off.OUTAGE.reasons(DESIRED, seen(sick, power=OFF))
    assert not power_off.OUTAGE.reasons(DESIRED, seen()), "a Ready node is drained instead"


@pytest.mark.parametrize(
    ("taken", "wanted"), [((), True), ((999.0,), True), ((1000.0,), False), ((999.0, 2000.0), False)]
)
def test_the_snapshot_must_be_of_this_rebuild(taken: tuple[float, ...], *, wanted: bool) -> None:
    observed = replace(seen(), snapshots=taken)
    assert bool(snapshot.STEP.reasons(DESIRED, observed)) is wanted


def test_only_proven_snapshots_count(tmp_path: Path) -> None:
    room = tmp_path / "snapshots"
    room.mkdir()
    for name in ("etcd-20260220T120000Z.db", "etcd-20260220T120000Z.json", "etcd-20260221T120000Z.db.part"):
        (room / name).write_text("")
    assert snapshot.kept(tmp_path) == (1771588800.0,)


def test_another_boot_disk_than_the_confirmed_is_refused() -> None:
    with pytest.raises(RefusedError, match="was confirmed for the boot disk OTHER") as caught:
        install.STEP.reasons(DESIRED, seen(order=replace(ORDER, disk="OTHER")))
    assert "--withdraw" in caught.value.hint


UNWELL: dict[str, Callable[[Observed], Observed]] = {
    "another one does not answer": lambda o: replace(
        o, nodes={**o.nodes, TWO[0]: NodeFacts(name=TWO[0], reachable=False, error="no answer")}
    ),
    "another one's API server is not ready": lambda o: with_node(o, TWO[0], api_ready=False),
    "another one is not Ready": lambda o: with_api(
        o, nodes=tuple(replace(n, ready=n.name != TWO[0]) for n in o.api.nodes)
    ),
    "another one's etcd member is sick": lambda o: with_node(o, TWO[0], etcd=etcd(sick=TWO[1])),
    "another one is no member": lambda o: with_node(o, TWO[1], is_member=False),
}


@pytest.mark.parametrize("harm", UNWELL.values(), ids=UNWELL)
@pytest.mark.parametrize("dead", [False, True], ids=["alive", "dead"])
def test_nothing_is_taken_from_a_cluster_that_is_not_well(harm: Any, *, dead: bool) -> None:
    observed = harm(gone(HEALTHY) if dead else HEALTHY)
    with pytest.raises(RefusedError) as caught:
        require_well(DESIRED, view(seen(observed)))
    assert TWO[0] in caught.value.message or TWO[1] in caught.value.message


@pytest.mark.parametrize("observed", [HEALTHY, gone(HEALTHY), removed(HEALTHY), removed(gone(HEALTHY))])
def test_what_is_wrong_with_the_node_itself_is_no_objection(observed: Observed) -> None:
    require_well(DESIRED, view(seen(observed)))


def test_the_plan_shows_the_whole_path_and_what_is_refused() -> None:
    todos = preview(REBUILD, DESIRED, seen(UNWELL["another one is not Ready"](HEALTHY), order=None), (NODE,))
    assert [todo.step.name for todo in todos] == [step.name for step in REBUILD]
    said = text(todos)
    assert f"REFUSED: {NODE} cannot be rebuilt now" in said
    assert f"node {TWO[0]} is not Ready" in said


def test_the_plan_says_of_each_step_of_up_why_the_new_system_needs_it() -> None:
    todos = {todo.step.name: todo for todo in preview(REBUILD, DESIRED, seen(order=None), (NODE,))}
    said = {name: [reason.text for reason in todo.reasons] for name, todo in todos.items()}
    assert said["containerd"] == ["never finished there"]
    assert said["members"] == ["is not a member of the control plane"]
    assert said["control_plane"] == [], "nothing is begun anew beside a cluster"
    assert said["close_order"] == ["the node is back under the ordered id"]
    assert not [todo.refusal for todo in todos.values() if todo.refusal]


def test_ceph_is_asked_where_there_may_be_one() -> None:
    rook = with_api(HEALTHY, crds=HEALTHY.api.crds | {"cephclusters.ceph.rook.io"})
    assert ceph.QUIET.reasons(DESIRED, seen(rook))
    assert not ceph.QUIET.reasons(DESIRED, seen(removed(rook))), "the node has left: Ceph was asked before"
    assert not ceph.QUIET.reasons(DESIRED, seen())
    assert not ceph.BACK.reasons(DESIRED, seen(rook)), "it is not back yet"
    assert ceph.BACK.reasons(DESIRED, seen(with_node(rook, NODE, installation=ORDER.id)))
    assert all(step.gate(DESIRED, seen(rook)).open for step in (ceph.QUIET, ceph.BACK)), "the role has waited"


def test_an_order_is_kept_until_it_is_closed(tmp_path: Path) -> None:
    made = orders.place(tmp_path, NODE, "SERIAL", order_id="aa", now=1.0)
    again = orders.place(tmp_path, NODE, "OTHER", order_id="bb", now=2.0)
    assert again == made == orders.read(tmp_path, NODE)
    key = orders.private_key(tmp_path, NODE)
    assert key.stat().st_mode & 0o077 == 0
    assert orders.folder(tmp_path, NODE).stat().st_mode & 0o077 == 0
    assert made.host_key in key.with_suffix(".pub").read_text()
    orders.close(tmp_path, NODE)
    assert orders.read(tmp_path, NODE) is None
    assert not key.exists()


def test_half_an_order_is_begun_anew_and_a_broken_one_is_said(tmp_path: Path) -> None:
    room = orders.folder(tmp_path, NODE)
    room.mkdir(parents=True)
    (room / "ssh_host_ed25519_key").write_text("half a key")
    assert orders.place(tmp_path, NODE, "SERIAL", order_id="aa", now=1.0).id == "aa"
    (room / "order.json").write_text('{"node": ')
    with pytest.raises(InputError, match="cannot be read"):
        orders.read(tmp_path, NODE)


def test_a_pin_replaces_the_node_s_key_and_no_other(tmp_path: Path) -> None:
    known = tmp_path / "known_hosts"
    node, other = DESIRED.node(NODE), DESIRED.node(TWO[0])
    pin(known, other, "ssh-ed25519 OTHER")
    pin(known, node, "ssh-ed25519 OLD")
    pin(known, node, "ssh-ed25519 NEW")
    assert known.read_text() == f"{other.known_as} ssh-ed25519 OTHER\n{node.known_as} ssh-ed25519 NEW\n"
    assert known.stat().st_mode & 0o077 == 0
    assert node.model_copy(update={"ansible_port": 2222}).known_as == f"[{node.ansible_host}]:2222"
