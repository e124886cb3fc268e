"""The wipe program of disk_guard: on image files of a test's own, in a tree that looks like a node's /dev and /sys."""

from __future__ import annotations

import errno
import os
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from blackstart.node.disks import bluestore
from blackstart.node.disks import wipe as program

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

SIZE = 80 << 20
NAME, SERIAL, NUMBER = "nvme-LAB_0001", "0001", "7:64"
GIB = 1 << 30


@pytest.fixture
def wipe(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the program; an image file has no device number, so one is given to it."""
    monkeypatch.setattr(program, "number", lambda _file: NUMBER)
    return program


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a root with one disk, full of data."""
    (tmp_path / "dev/disk/by-id").mkdir(parents=True)
    (tmp_path / "dev/disk/by-id" / NAME).symlink_to("../../sda")
    (tmp_path / "dev/sda").write_bytes(os.urandom(1 << 20) * (SIZE >> 20))
    folder = tmp_path / "sys/block/sda"
    (folder / "queue").mkdir(parents=True)
    (folder / "device").mkdir()
    facts = {"dev": NUMBER, "size": str(SIZE // 512), "device/serial": SERIAL, "queue/rotational": "0"}
    for name, text in facts.items():
        (folder / name).write_text(text)
    return tmp_path


def request(root: Path, **changes: Any) -> dict[str, Any]:
    return {"disk": NAME, "serial": SERIAL, "size_bytes": SIZE, "devno": NUMBER, "root": str(root), **changes}


def test_a_disk_is_cleared_from_end_to_end_and_proven(wipe: ModuleType, root: Path) -> None:
    answer = wipe.main(request(root))
    assert answer["wiped"] == NAME
    assert answer["how"] == "zeros"  # a file cannot be told to discard
    assert answer["read_bytes"] > 0
    assert not (root / "dev/sda").read_bytes().strip(b"\0")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"serial": "0002"}, "its serial is '0001', judged was '0002'"),
        ({"serial": ""}, "is not the disk that was judged"),
        ({"size_bytes": SIZE + 512}, "its size is"),
        ({"devno": "7:65"}, "its number is '7:64', judged was '7:65'"),
        ({"disk": "nvme-LAB_0002"}, "points at no disk any more"),
    ],
    ids=["serial", "no serial", "size", "number", "name"],
)
def test_another_disk_than_was_judged_is_not_written(
    wipe: ModuleType, root: Path, change: dict[str, Any], said: str
) -> None:
    before = (root / "dev/sda").read_bytes()
    answer = wipe.main(request(root, **change))
    assert said in answer["refused"]
    assert (root / "dev/sda").read_bytes() == before


def test_a_disk_that_somebody_has_is_not_written_and_its_osd_is_named(
    wipe: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uuid = "3f1c8a9e-4b4b-4f0e-8d8d-0d6a5a9b7c11"
    disk = root / "dev/sda"
    label = bluestore.MAGIC + uuid.encode() + b"\n"
    disk.write_bytes(label + disk.read_bytes()[len(label) :])
    before = disk.read_bytes()
    really = os.open

    def busy(path: Any, flags: int, *more: Any) -> int:
        if flags & os.O_EXCL:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        return really(path, flags, *more)

    monkeypatch.setattr(os, "open", busy)
    answer = wipe.main(request(root))
    assert "somebody has it exclusively" in answer["refused"]
    assert f"OSD {uuid}" in answer["refused"]
    assert disk.read_bytes() == before


def test_a_lock_as_bluestore_takes_it_is_enough(wipe: ModuleType, root: Path) -> None:
    import fcntl  # noqa: PLC0415 - this test's own means

    before = (root / "dev/sda").read_bytes()
    with (root / "dev/sda").open("rb") as osd:
        fcntl.flock(osd, fcntl.LOCK_EX)
        assert "locked by a program" in wipe.main(request(root))["refused"]
    assert (root / "dev/sda").read_bytes() == before


def test_a_write_that_fails_is_no_success(wipe: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "pwrite", broken)
    assert "could not be cleared to its end" in wipe.main(request(root))["failed"]


def test_zeros_that_do_not_stick_are_noticed(wipe: ModuleType, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "pwrite", lambda _file, data, _at: len(data))
    assert "still is not zero" in wipe.main(request(root))["failed"]


@pytest.mark.parametrize("size", [SIZE, 6 * GIB, 2_000_398_934_016, 20_000_588_955_648])
def test_every_place_that_matters_is_written(size: int) -> None:
    found = program.places(size)
    assert found[0][0] == 0
    assert sum(found[-1]) == size
    assert all(start + length < after for (start, length), (after, _) in pairwise(found))

    def covered(start: int, end: int) -> bool:
        return any(begin <= start and end <= begin + length for begin, length in found)

    assert covered(0, 16 << 20)
    assert covered(size - (16 << 20), size)
    for gib in (0, 1, 10, 100, 1000):
        if gib * GIB < size:
            assert covered(gib * GIB, min(gib * GIB + (200 << 10), size)), gib
    assert covered(size - 33 * 512, size)  # the second copy of a GPT
