"""Whole and half-written snapshots, the room they need, and the folder that keeps them."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from blackstart.node.etcd import folder, snapshot, stopped
from blackstart.node.etcd.quorum import EtcdError

if TYPE_CHECKING:
    from pathlib import Path

NAME = "etcd-20261126T101500Z.db"


def names_in(place: Path) -> list[str]:
    return sorted(path.name for path in place.iterdir())


def content(pages: int = 3) -> bytes:
    body = os.urandom(4096 * pages)
    return body + hashlib.sha256(body).digest()


def arrive(place: Path, data: bytes, sent: bytes) -> dict[str, Any]:
    (place / f"{NAME}.part").write_bytes(data)
    return {"sha256": hashlib.sha256(sent).hexdigest(), "size": len(sent), "revision": 7}


def test_a_file_says_itself_whether_it_is_whole(tmp_path: Path) -> None:
    data, path = content(3000), tmp_path / "file"
    path.write_bytes(data)
    assert snapshot.digest(path) == (hashlib.sha256(data).hexdigest(), True)


@pytest.mark.parametrize("cut", [b"", b"x" * 31, content()[:-1], content()[:-512], content() + b"\0", content()[1:]])
def test_a_file_that_was_cut_off_is_not_whole(cut: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(cut)
    assert snapshot.digest(path)[1] is False


def test_room_is_said_in_numbers() -> None:
    assert snapshot.shortage(100 << 20, 120 << 20, "/var/lib/etcd") == ""
    said = snapshot.shortage(100 << 20, 119 << 20, "/var/lib/etcd")
    assert "/var/lib/etcd has 119.0 MiB free, wanted: 120.0 MiB (the database's 100.0 MiB times 1.2)" in said


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ({"revision": 100, "totalKey": 9}, []),
        ({"revision": 110, "totalKey": 9}, []),
        ({"revision": 99, "totalKey": 9}, ["at revision 99, the member went from 100 to 110"]),
        ({"revision": 111, "totalKey": 9}, ["at revision 111"]),
        ({}, ["at revision 0", "holds no key"]),
    ],
)
def test_a_snapshot_is_compared_with_the_living_member(status: dict[str, int], says: list[str]) -> None:
    found = snapshot.doubts(status, 100, 110)
    assert len(found) == len(says)
    assert all(words in text for text, words in zip(found, says, strict=True))


def test_only_whole_names_are_snapshots_and_the_newest_one_always_stays() -> None:
    old, new = "etcd-20260101T000000Z.db", NAME
    names = [old, f"{new}.part", "etcd-mine.db", new, new.replace(".db", ".json")]
    assert snapshot.snapshots(names) == [new, old]
    assert snapshot.surplus(names, 1) == [old]
    assert snapshot.surplus(names, 0) == [old]
    assert snapshot.surplus(names, 2) == []


def test_what_arrives_whole_gets_its_name_and_old_ones_go(tmp_path: Path) -> None:
    for name in ("etcd-20260101T000000Z.db", "etcd-20260101T000000Z.json", "etcd-20260102T000000Z.db", "own.db"):
        (tmp_path / name).touch()
    data = content()
    removed = folder.kept(tmp_path, NAME, arrive(tmp_path, data, data), 2)
    assert removed == ["etcd-20260101T000000Z.db"]
    described = NAME.replace(".db", ".json")
    assert names_in(tmp_path) == ["etcd-20260102T000000Z.db", NAME, described, "own.db"]
    assert (tmp_path / NAME).read_bytes() == data
    assert json.loads((tmp_path / described).read_text())["revision"] == 7
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in (NAME, described)} == {0o600}


@pytest.mark.parametrize("alter", [lambda data: data[:-100], lambda data: b"?" + data[1:]], ids=["cut off", "altered"])
def test_what_arrives_damaged_is_removed_and_older_ones_stay(tmp_path: Path, alter: Any) -> None:
    (tmp_path / "etcd-20260101T000000Z.db").touch()
    data = content()
    facts = arrive(tmp_path, alter(data), data)
    with pytest.raises(folder.NotWholeError, match=r"wanted: [0-9a-f]{64} and 12320"):
        folder.kept(tmp_path, NAME, facts, 1)
    assert names_in(tmp_path) == ["etcd-20260101T000000Z.db"]


def test_the_folder_is_its_owner_s_alone_and_halves_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "state" / "snapshots"
    assert folder.ready(place, 10) == ""
    place.chmod(0o755)
    (place / f"{NAME}.part").touch()
    (place / NAME).touch()
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=2, f_frsize=1 << 20))
    assert "on the control machine has 2.0 MiB free" in folder.ready(place, 2 << 20)
    assert place.stat().st_mode & 0o777 == 0o700
    assert names_in(place) == [NAME]


def test_a_stopped_member_s_database_is_copied_whole_with_its_sum(tmp_path: Path) -> None:
    (tmp_path / "member" / "snap").mkdir(parents=True)
    with pytest.raises(EtcdError, match=r"no .*/member/snap/db on this node; wanted: the data of a stopped"):
        stopped.database(tmp_path)
    body = os.urandom(4096 * 1100)
    (tmp_path / "member" / "snap" / "db").write_bytes(body)
    copy = tmp_path / "copy"
    stopped.copy(stopped.database(tmp_path), copy)
    assert copy.read_bytes() == body + hashlib.sha256(body).digest()
    assert copy.stat().st_mode & 0o777 == 0o600
    assert snapshot.digest(copy)[1] is True


def test_a_database_that_an_etcd_has_locked_is_not_copied(tmp_path: Path) -> None:
    source, copy = tmp_path / "db", tmp_path / "copy"
    source.write_bytes(b"page")
    with source.open("r+b") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # as bbolt does
        with pytest.raises(EtcdError, match="is in use: an etcd runs on it; wanted: a stopped member"):
            stopped.copy(source, copy)
    assert not copy.exists()
