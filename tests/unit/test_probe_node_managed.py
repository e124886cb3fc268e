"""What roles manage, on a real file system: hashes, packages, receipts, drift."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from blackstart.node import pacman, receipts

if TYPE_CHECKING:
    from pathlib import Path

RUNNING = {"a.service": {"active": "active", "enabled": "enabled"}}


def receipt(**parts: Any) -> dict[str, Any]:
    return {"inputs": "abc", "files": {}, "packages": {}, "units": {}, **parts}


def test_a_file_is_hashed_by_its_content(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 3_000_000)
    assert receipts.digest(file) == hashlib.sha256(b"x" * 3_000_000).hexdigest()


def test_a_folder_is_hashed_by_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/a").write_text("1")
    before = receipts.digest(tmp_path)
    (tmp_path / "sub/a").write_text("2")
    changed = receipts.digest(tmp_path)
    (tmp_path / "sub/a").rename(tmp_path / "sub/b")
    assert len({before, changed, receipts.digest(tmp_path)}) == 3


def test_what_is_not_there_has_no_hash(tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "file").touch()
    assert {receipts.digest(tmp_path / name) for name in ("gone", "dangling", "file/below")} == {None}


def test_packages_are_named_by_pacmans_folders(tmp_path: Path) -> None:
    for folder in ("ca-certificates-mozilla-3.117-1", "linux-6.17.8.arch1-1", "iputils-20250605-1", "shadow-1:4.18-2"):
        (tmp_path / folder).mkdir()
    (tmp_path / "ALPM_DB_VERSION").touch()
    assert pacman.installed(tmp_path) == {
        "ca-certificates-mozilla": "3.117",
        "linux": "6.17.8.arch1",
        "iputils": "20250605",
        "shadow": "1:4.18",
    }
    assert pacman.installed(tmp_path / "no-pacman-here") == {}


def test_units_are_read_in_the_order_asked_for() -> None:
    text = "ActiveState=active\nUnitFileState=enabled\n\nActiveState=inactive\nUnitFileState=\n"
    assert receipts.parse_units(["a.service", "b.service"], text) == {
        "a.service": {"active": "active", "enabled": "enabled"},
        "b.service": {"active": "inactive", "enabled": ""},
    }
    assert receipts.parse_units(["a.service"], "") == {}


def test_files_drift(tmp_path: Path) -> None:
    same, other, gone, new = (tmp_path / name for name in ("same", "other", "gone", "new"))
    for file in (same, other, gone):
        file.write_text("then")
    then = receipt(files={str(file): receipts.digest(file) for file in (same, other, gone, new)})
    other.write_text("now")
    gone.unlink()
    new.touch()
    assert receipts.drift(then, {}, {}) == [f"{other} was changed", f"{gone} is gone", f"{new} appeared"]


def test_packages_drift() -> None:
    then = receipt(packages={"runc": "1.3.0", "helm": "3.19.4", "socat": "1.8"})
    assert receipts.drift(then, {"runc": "1.4.0", "socat": "1.8"}, {}) == [
        "package runc is 1.4.0, was 1.3.0",
        "package helm is not installed, was 3.19.4",
    ]


@pytest.mark.parametrize(
    ("then", "now", "said"),
    [
        ("active", "active", []),
        ("active", "failed", ["unit a.service is failed, was active"]),
        ("active", "inactive", ["unit a.service is inactive, was active"]),
        ("active", "activating", []),
        ("activating", "active", []),
        ("inactive", "active", []),
        ("inactive", "failed", []),
    ],
)
def test_only_a_unit_that_ran_and_is_down_drifts(then: str, now: str, said: list[str]) -> None:
    running = {"a.service": {"active": now, "enabled": "enabled"}}
    assert receipts.drift(receipt(units={"a.service": then}), {}, running) == said


def test_a_receipt_is_written_read_and_finds_no_drift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "RECEIPTS", tmp_path / "receipts")
    monkeypatch.setattr(pacman, "installed", lambda: {"runc": "1.3.0"})
    monkeypatch.setattr(receipts, "units", lambda _: RUNNING)
    file = tmp_path / "file"
    file.write_text("x")
    wanted = {
        "inputs": "abc",
        "files": [str(file), "/no/such/file"],
        "packages": ["runc", "helm"],
        "units": ["a.service", "b.service"],
    }
    assert receipts.main({"receipts": {"containerd": wanted, "base_os": {**wanted, "files": []}}}) == {
        "written": ["base_os", "containerd"]
    }
    found = receipts.read_receipts(tmp_path / "receipts")
    assert found["containerd"] == {
        "inputs": "abc",
        "files": {str(file): receipts.digest(file), "/no/such/file": None},
        "packages": {"runc": "1.3.0", "helm": ""},
        "units": {"a.service": "active", "b.service": ""},
    }
    assert receipts.drift(found["containerd"], {"runc": "1.3.0"}, RUNNING) == []
    assert sorted(path.name for path in (tmp_path / "receipts").iterdir()) == ["base_os.json", "containerd.json"]


@pytest.mark.parametrize(
    "text",
    ["", '{"inputs": "abc", "fil', "[]", "null", json.dumps(receipt(units={"a.service": {"active": "active"}}))],
    ids=["empty", "half-written", "a list", "null", "of another version"],
)
def test_a_receipt_that_cannot_be_read_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "base_os.json").write_text(text)
    (tmp_path / "containerd.json").write_text(json.dumps(receipt()))
    assert receipts.read_receipts(tmp_path) == {"containerd": receipt()}


def test_without_receipts_there_are_none(tmp_path: Path) -> None:
    assert receipts.read_receipts(tmp_path / "gone") == {}
