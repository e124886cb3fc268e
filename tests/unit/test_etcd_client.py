"""etcd's members and their health, as its gateway answers: the one way in which looks and roles read them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from blackstart.node.etcd import client
from blackstart.node.etcd.client import Etcd
from blackstart.node.etcd.quorum import EtcdError, Member

if TYPE_CHECKING:
    from pathlib import Path

# As etcd 3.6.6 answers: numbers come as text, false and empty fields are left out.
ONE = {
    "ID": "13200197957393829060",
    "name": "melchior-1",
    "peerURLs": ["https://10.77.13.13:2380"],
    "clientURLs": ["https://10.77.13.13:2379"],
}
TWO = {"ID": "2", "name": "b", "peerURLs": ["https://10.0.0.2:2380"], "clientURLs": ["https://10.0.0.2:2379"]}
# A learner that never started has neither a name nor client URLs.
FRESH = {"ID": "1", "peerURLs": ["https://10.77.13.15:2380"], "isLearner": True}
WELL = (200, b'{"health":"true","reason":""}')


class Fake(Etcd):
    """Answers by URL and path as it is told; one answer of a list after the other, the last one for ever."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str, str]] = []
        self._seconds = 1.0

    def _ask(self, url: str, path: str, body: str = "") -> tuple[int, bytes]:
        self.asked.append((url, path, body))
        answer = self.answers["health" if path.startswith("/health") else path.rpartition("/")[2]]
        if isinstance(answer, dict):
            answer = answer[url] if url in answer else (200, json.dumps(answer).encode())
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, Exception):
            raise answer
        found: tuple[int, bytes] = answer
        return found


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "POLL", 0)


def test_members_as_the_gateway_lists_them() -> None:
    etcd = Fake(list={"members": [ONE, FRESH]}, health=WELL)
    assert etcd.members() == [
        Member("b730861ac74bccc4", "melchior-1", learner=False, healthy=True, address="10.77.13.13"),
        Member("1", "", learner=True, healthy=False, address="10.77.13.15"),
    ]
    assert [path for _, path, _ in etcd.asked] == ["/v3/cluster/member/list", "/health"]


def test_a_learner_is_asked_what_it_can_answer() -> None:
    etcd = Fake(list={"members": [{**TWO, "isLearner": True}]}, health=WELL)
    assert etcd.members()[0].healthy
    assert etcd.asked[-1][:2] == ("https://10.0.0.2:2379", "/health?serializable=true")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((503, b'{"health":"false","reason":"ALARM NOSPACE"}'), "ALARM NOSPACE"),
        ((503, b'{"health":"false","reason":"RAFT NO LEADER"}'), "RAFT NO LEADER"),
        ((503, b'{"health":"false"}'), "it is not healthy"),
        (ConnectionRefusedError(111, "x"), "connection refused at 10.0.0.2:2379"),
        (TimeoutError(), "no answer from 10.0.0.2:2379 in 1 s"),
    ],
)
def test_a_member_that_is_not_healthy_says_why(answer: Any, said: str) -> None:
    etcd = Fake(list={"members": [ONE, TWO]}, health={ONE["clientURLs"][0]: WELL, TWO["clientURLs"][0]: answer})
    one, two = etcd.members(settle=0)
    assert one.healthy
    assert (two.healthy, two.lacks) == (False, said)


def test_an_election_is_waited_for() -> None:
    etcd = Fake(list={"members": [TWO]}, health=[(503, b'{"health":"false","reason":"RAFT NO LEADER"}'), WELL])
    assert etcd.members()[0].healthy


def test_one_that_has_no_power_is_not_asked() -> None:
    etcd = Fake(list={"members": [ONE, TWO]}, health=WELL)
    assert [(member.healthy, member.lacks) for member in etcd.members(["10.0.0.2"])] == [
        (True, ""),
        (False, "it has no power"),
    ]
    assert "https://10.0.0.2:2379" not in {url for url, _, _ in etcd.asked}


def test_the_lead_is_taken_from_the_one_that_leaves_and_from_no_other() -> None:
    status = {"leader": "2", "header": {"member_id": "13200197957393829060"}}
    etcd = Fake(status=status, list={"members": [ONE, TWO]}, **{"transfer-leadership": {}})
    etcd.take_lead("3")
    assert len(etcd.asked) == 1
    etcd.take_lead("2")
    url, path, body = etcd.asked[-1]
    assert (url, path) == ("https://10.0.0.2:2379", "/v3/maintenance/transfer-leadership")
    assert json.loads(body) == {"targetID": "13200197957393829060"}


def test_a_removal_names_the_member_and_tells_a_refusal() -> None:
    etcd = Fake(remove={})
    etcd.remove("b730861ac74bccc4")
    assert json.loads(etcd.asked[-1][2]) == {"ID": "13200197957393829060"}
    refusing = Fake(remove=(503, b'{"code":14,"message":"etcdserver: unhealthy cluster"}'))
    with pytest.raises(EtcdError, match="unhealthy cluster"):
        refusing.remove("2")


def test_without_etcd_here_a_look_finds_no_members_and_a_role_is_told(tmp_path: Path) -> None:
    assert client.look(pki=str(tmp_path)) == []
    with pytest.raises(EtcdError, match="this node has no client certificate of etcd"):
        Etcd(str(tmp_path))
    with pytest.raises(EtcdError, match="wanted: a healthy member"):
        Fake(list=ConnectionRefusedError(111, "x")).members()
