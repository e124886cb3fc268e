"""Whether a host's Ceph may stop, whether it is back, and what of noout is ours; the real thing is in tests/ceph."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from blackstart.ceph import back, gates, quiet
from blackstart.ceph.facts import NONE, CephFacts, Mon, Osd, Pg, Pool, QuietMark, bucket, document, parse
from blackstart.node.ceph import client as node_ceph
from blackstart.node.ceph.client import CephError, reduced, rook

FSID = "6a1b0c5e-6f0f-4c7e-9b1a-0f8a4b1c2d3e"
HOSTS = ("one", "two", "three")
POOL = Pool(1, "data", 3, 2, 2)
FLAGS = frozenset({"sortbitwise"})


def osd(number: int, **changes: Any) -> Osd:
    host = HOSTS[number // 2]
    return replace(Osd(number, host, host, up=True, into=True, noout=False), **changes)


def ceph(**changes: Any) -> CephFacts:
    """Return a healthy cluster: OSDs 0 and 1 on one, 2 and 3 on two, 4 and 5 on three."""
    healthy = CephFacts(
        fsid=FSID,
        osds=tuple(osd(number) for number in range(6)),
        pools=(POOL,),
        pgs=(pg("1.0", {0, 2, 4}), pg("1.1", {1, 3, 5})),
        mons=tuple(Mon(name, host, in_quorum=True) for name, host in zip("abc", HOSTS, strict=True)),
        mgrs={"one": ("x",), "two": ("y",)},
        active_mgr="x",
        flags=FLAGS,
    )
    return replace(healthy, **changes)


def pg(name: str, acting: set[int], state: str = "active+clean") -> Pg:
    return Pg(name, state, frozenset(acting))


def osds(*odd: Osd) -> tuple[Osd, ...]:
    changed = {one.id: one for one in odd}
    return tuple(changed.get(number, osd(number)) for number in range(6))


@pytest.mark.parametrize("host", HOSTS)
def test_a_healthy_cluster_lets_any_host_stop(host: str) -> None:
    assert gates.objections(ceph(), host) == ()
    assert gates.notes(ceph(), host) == ()
    assert back.missing(ceph(), host) == ()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"osds": osds(osd(2, up=False))}, ["osd.2 on two is down"]),
        ({"osds": osds(osd(2, up=False, into=False))}, []),
        ({"pgs": (pg("1.0", {0, 2, 4}), pg("1.1", {1, 5}))}, ["placement group 1.1 of pool data would stop"]),
        (
            {"pgs": (pg("1.0", {0, 2}), pg("1.1", {1, 5}))},
            ["1.0 of pool data would stop: it is on OSDs 0, 2, of which 2"],
        ),
        ({"pgs": (pg("1.0", {0, 2, 4}),)}, ["the manager knows 1 of 2 placement groups"]),
        ({"pgs": ()}, ["the manager knows 0 of 2"]),
        ({"pgs": (pg("1.0", {0, 2, 4}), pg("1.1", {1, 3, 5}, "active+recovering"))}, ["1.1 is active+recovering"]),
        ({"pgs": (pg("1.0", {0, 2, 4}), pg("1.1", {1, 3, 5}, "active+clean+remapped"))}, ["clean+remapped"]),
        ({"pgs": (pg("1.0", {0, 2, 4}), pg("1.1", {1, 3, 5}, "active+clean+inconsistent"))}, ["inconsistent"]),
        ({"pgs": (pg("1.0", {0, 2, 4}), pg("1.1", {1, 3, 5}, "active+clean+scrubbing+deep"))}, []),
        (
            {"pgs": (pg("1.0", {0, 2, 4}, "unknown"), pg("1.1", {1, 3, 5}, "unknown"))},
            ["2 placement groups (1.0, 1.1)"],
        ),
        ({"pgs": (pg("1.0", {0, 2, 4}), pg("9.1", {2, 3, 5}))}, ["9.1 is of a pool that was made just now"]),
        (
            {"pools": (replace(POOL, size=2),), "pgs": (pg("1.0", {0, 2}), pg("1.1", {3, 5}))},
            ["min_size is 2 (size 2)"],
        ),
        ({"flags": FLAGS | {"noup"}}, ["flag noup is set"]),
        ({"flags": FLAGS | {"pauserd"}}, ["`ceph osd unset pause`"]),
        ({"flags": FLAGS | {"noout", "noscrub"}}, []),
        ({"mons": (Mon("a", "one", True), Mon("b", "two", True), Mon("c", "three", False))}, ["of 3 monitors 1 would"]),  # noqa: FBT003 - in the quorum or not
        ({"mons": (Mon("a", "one", True), Mon("b", "two", True))}, ["of 2 monitors 1 would be left"]),  # noqa: FBT003 - in the quorum or not
        ({"mons": (Mon("a", "two", True),)}, []),  # noqa: FBT003 - in the quorum or not
        ({"mgrs": {"one": ("x",)}}, ["the only manager (x) runs on this host"]),
        ({"active_mgr": ""}, ["no manager is active"]),
    ],
)
def test_each_objection_says_what_was_found(changes: dict[str, Any], says: list[str]) -> None:
    found = gates.objections(ceph(**changes), "one")
    assert len(found) == len(says), found
    for text, words in zip(found, says, strict=True):
        assert words in text


def test_all_objections_come_at_once() -> None:
    sick = ceph(osds=osds(osd(4, up=False)), pgs=(pg("1.0", {0, 2}), pg("1.1", {1, 3, 5})), mgrs={"one": ("x",)})
    assert len(gates.objections(sick, "one")) == 3


def test_a_host_that_is_away_already_may_stay_away() -> None:
    """Nothing more would stop, as long as nobody else is missing."""
    away = ceph(
        osds=osds(osd(0, up=False), osd(1, up=False)),
        pgs=(pg("1.0", {2, 4}, "active+undersized+degraded"), pg("1.1", {3, 4, 5}, "active+clean+remapped")),
        mons=(Mon("a", "one", in_quorum=False), Mon("b", "two", in_quorum=True), Mon("c", "three", in_quorum=True)),
        mgrs={"two": ("y",)},
        active_mgr="y",
    )
    assert gates.objections(away, "one") == ()
    found = gates.objections(away, "two")
    assert [words for words in ("osd.0 on one is down", "would stop", "1 would be left") if words in "".join(found)]
    worse = replace(away, pgs=(pg("1.0", {2}, "undersized+degraded+peered"), pg("1.1", {3, 5}, "active+undersized")))
    assert any("peered" in text for text in gates.objections(worse, "one"))
    half = replace(away, osds=osds(osd(0, up=False)))
    assert any("undersized" in text for text in gates.objections(half, "one"))


def test_one_copy_left_is_worth_a_note() -> None:
    thin = ceph(pools=(replace(POOL, size=2, min_size=1),), pgs=(pg("1.0", {0, 2}), pg("1.1", {3, 5})))
    assert gates.objections(thin, "one") == ()
    assert gates.notes(thin, "one") == ("pool data has one copy left of placement group 1.0 while one is away",)


def test_an_osd_counts_where_it_runs_and_where_the_map_has_it() -> None:
    moved = ceph(osds=osds(osd(2, bucket="one")), pgs=(pg("1.0", {0, 2, 4}), pg("1.1", {1, 3, 5})))
    assert "1.0 of pool data would stop" in gates.objections(moved, "one")[0]
    assert back.missing(moved, "one") == ("osd.2 is up on two; wanted: on one",)


def test_a_lost_osd_of_an_erasure_coded_pool_is_none() -> None:
    answer = {
        "fsid": FSID, "mons": ["a"], "quorum": ["a"], "active_mgr": "x", "flags": [], "host_noout": [], "marks": {},
        "nodes": {"mon": {"one.lab": ["a"]}, "osd": {"one.lab": [0]}, "mgr": {"one.lab": ["x"]}},
        "buckets": {"one-lab": [0, 1]},
        "osds": [{"id": 0, "up": 1, "in": 1, "noout": False}, {"id": 1, "up": 0, "in": 1, "noout": True}],
        "pools": [{"id": 1, "name": "p", "size": 3, "min_size": 2, "pg_num": 1}],
        "pgs": [["1.0", "active+undersized", [0, NONE, -1]]],
    }  # fmt: skip
    found = parse(answer)
    assert found.pgs[0].acting == {0}
    assert [(one.host, one.bucket, one.noout) for one in found.of(bucket("one.lab"))] == [
        ("one-lab", "one-lab", False),
        ("", "one-lab", True),
    ]


EMPTY: dict[str, Any] = {
    "quorum": {"monmap": {"fsid": FSID, "mons": []}, "quorum_names": []},
    "nodes": {},
    "tree": {"nodes": []},
    "dump": {"osds": [], "pools": [], "flags": "noout"},
    "mgr": {"available": False, "active_name": "x"},
    "pgs": [],
    "marks": {},
}
MARK = QuietMark("one", "order-1", FSID, frozenset({0, 1}), frozenset({1}))


def test_quiet_marks_what_is_ours_and_nothing_else() -> None:
    plan = quiet.quiet(ceph(osds=osds(osd(0, noout=True))), "one", "order-1")
    assert plan == quiet.Quiet(MARK, frozenset({1}), "x", ("a",))
    # Cut off after the mark: the flag is set now. Cut off after the flag: nothing is left to do.
    marked = ceph(osds=osds(osd(0, noout=True)), marks=(MARK,), active_mgr="y")
    assert quiet.quiet(marked, "one", "order-1") == quiet.Quiet(None, frozenset({1}), "", ("a",))
    done = replace(marked, osds=osds(osd(0, noout=True), osd(1, noout=True)))
    assert quiet.quiet(done, "one", "order-1") == quiet.Quiet(None, frozenset(), "", ("a",))
    assert quiet.ours(done, "one") == {1}


def test_a_later_order_takes_over_what_an_earlier_one_left() -> None:
    left = ceph(osds=osds(osd(0, noout=True), osd(1, noout=True)), marks=(MARK,))
    plan = quiet.quiet(left, "one", "order-2")
    assert plan.mark == replace(MARK, order="order-2")
    assert plan.noout == frozenset()
    assert gates.notes(left, "two") == (
        "one is still marked as quiet for order-1: its noout is taken back by state `back`",
    )


def test_back_wants_what_the_mark_names() -> None:
    gone = ceph(
        osds=tuple(one for one in osds(osd(1, up=False)) if one.id != 0),
        marks=(MARK,),
        pgs=(pg("1.0", {2, 4}, "active+undersized"), pg("1.1", {3, 5}, "active+undersized")),
        mons=(Mon("a", "one", in_quorum=False), *ceph().mons[1:]),
    )
    found = back.missing(gone, "one")
    assert [text.partition(";")[0] for text in found] == [
        "osd.0 is not in the cluster any more",
        "osd.1 on one is down",
        "2 of 2 placement groups are active+undersized",
        "monitor a (one) is not in the quorum",
    ]
    assert "osd.1 on one is out" in back.missing(ceph(osds=osds(osd(1, into=False)), marks=(MARK,)), "one")[0]
    assert back.strangers(ceph(marks=(MARK,)), "one") == ()
    assert "made quiet is" in back.strangers(ceph(fsid="other", marks=(MARK,)), "one")[0]


def test_whose_noout_stays_is_said() -> None:
    seen = ceph(
        osds=osds(osd(0, noout=True), osd(1, noout=True), osd(2, noout=True)), marks=(MARK,), flags=FLAGS | {"noout"}
    )
    assert [text.split(",")[0] for text in back.notes(seen, "one")] == [
        "noout is set on the whole cluster",
        "noout is set on osd.0",
    ]


def test_a_mark_is_read_as_it_was_written() -> None:
    assert document(MARK) == {"order": "order-1", "fsid": FSID, "osds": [0, 1], "noout": [1]}


@pytest.mark.parametrize("value", ["", "{}", "[]", "yes"])
def test_a_mark_that_is_none_of_ours_is_named(value: str) -> None:
    said = {**EMPTY, "marks": {"blackstart/noout/one": value}}
    with pytest.raises(CephError, match="blackstart/noout/one in Ceph is none of ours"):
        reduced(said)


def test_a_host_without_osds_is_not_believed() -> None:
    assert "it knows those of one, three, two" in quiet.unknown(ceph(), "tow")
    assert quiet.unknown(ceph(), "two") == ""
    assert [quiet.idle(ceph(), host) for host in ("tow", *HOSTS)] == [True, False, False, False]
    assert not quiet.idle(ceph(mons=(Mon("a", "tow", in_quorum=True),)), "tow")


class Api:
    """Kubernetes with these objects, by what `kubectl get` is asked for."""

    def __init__(self, **objects: list[dict[str, Any]]) -> None:
        self.objects = objects

    def get(self, *words: str) -> list[dict[str, Any]]:
        kind = words[0].partition(".")[0]
        app = next((word.partition("app=")[2] for word in words if "app=" in word), "")
        return [item for item in self.objects.get(kind, []) if not app or item["metadata"]["labels"]["app"] == app]

    def words(self, *words: str) -> list[str]:
        return ["kubectl", *words]


def pod(app: str, node: str, *, ready: bool = True, **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": f"{app}-on-{node}", "labels": {"app": app}, **metadata},
        "spec": {"nodeName": node},
        "status": {"conditions": [{"type": "Ready", "status": str(ready)}]},
    }


def test_ceph_is_asked_in_the_toolbox_or_in_a_monitor_that_stays() -> None:
    there: dict[str, Any] = {"crd": [{}], "cephclusters": [{"metadata": {"namespace": "rook-ceph"}}]}
    tools, mons = "rook-ceph-tools", "rook-ceph-mon"

    def way(*pods: dict[str, Any]) -> list[str]:
        found = rook(Api(**there, pods=list(pods)), "rook-ceph", "one")  # type: ignore[arg-type] # - what it asks of a Kubectl
        assert found is not None
        return found

    assert way(pod(tools, "one"), pod(mons, "two"))[4:] == [f"{tools}-on-one", "--container", tools, "--", "ceph"]
    monitor = way(pod(tools, "one", ready=False), pod(mons, "one"), pod(mons, "two"))
    assert monitor[4:9] == [f"{mons}-on-two", "--container", "mon", "--", "sh"]
    with pytest.raises(CephError, match="neither its toolbox"):
        way(pod(tools, "two", deletionTimestamp="now"))
    with pytest.raises(CephError, match="in rook-ceph, and none in elsewhere"):
        rook(Api(**there), "elsewhere", "one")  # type: ignore[arg-type] # - as above
    without: tuple[dict[str, Any], ...] = ({}, {"crd": [{}]})
    for nothing in without:
        assert rook(Api(**nothing), "rook-ceph", "one") is None  # type: ignore[arg-type] # - as above


def test_silence_and_status_are_kept_apart() -> None:
    with pytest.raises(CephError, match="not found") as silent:
        node_ceph.Ceph(["/nowhere/ceph"]).run("status")
    assert silent.value.status != node_ceph.NOT_FOUND
    with pytest.raises(CephError, match="ceph status failed: it said nothing") as status:
        node_ceph.Ceph(["sh", "-c", "exit 2"]).run("status")
    assert status.value.status == node_ceph.NOT_FOUND
    with pytest.raises(CephError, match="printed no JSON: hello"):
        node_ceph.Ceph(["sh", "-c", "echo hello"]).ask("status")


def test_documents_of_an_old_ceph_are_read_too() -> None:
    """`pg dump pgs` was a bare list once, and a cluster without any CRUSH flags leaves them out."""
    found = parse(reduced(EMPTY))
    assert (found.fsid, found.active_mgr, found.flags, found.osds) == (FSID, "", frozenset({"noout"}), ())
