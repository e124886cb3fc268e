"""A bundle is laid out of finished files, its description last."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from blackstart.bundle import write
from blackstart.bundle.manifest import Bundle, Image
from blackstart.bundle.write import Content, write_bundle

if TYPE_CHECKING:
    from pathlib import Path

IMAGE = Image("registry.lab/hello:1.0", "images/hello.tar", "sha256:00", "platform", 5)


def content(folder: Path, name: str, text: str) -> Content:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return Content(file, hashlib.sha256(text.encode()).hexdigest(), len(text))


def make(folder: Path, text: str = "hello") -> Bundle:
    contents = {
        "images/hello.tar": content(folder / "parts", "hello.tar", text),
        "charts/cilium-1.18.4.tgz": content(folder / "parts", "chart", "chart"),
    }
    versions = {"cilium": "1.18.4"}
    path = folder / "bundle"
    write_bundle(path, versions=versions, images=[IMAGE], packages={"kubelet": "1.35.1-1"}, contents=contents)
    return Bundle.read(path)


def test_a_bundle_reads_as_written_and_has_no_problems(tmp_path: Path) -> None:
    bundle = make(tmp_path)
    assert bundle.images == (IMAGE,)
    assert bundle.versions == {"cilium": "1.18.4"}
    assert bundle.packages == {"kubelet": "1.35.1-1"}
    assert bundle.problems() == []
    assert (tmp_path / "bundle/images/hello.tar").samefile(tmp_path / "parts/hello.tar")


def test_what_is_already_right_is_not_touched(tmp_path: Path) -> None:
    before = (make(tmp_path).path / "bundle.json").stat()
    assert (make(tmp_path).path / "bundle.json").stat() == before


def test_strangers_go_and_changed_files_are_replaced(tmp_path: Path) -> None:
    stranger = make(tmp_path).path / "repos" / "old" / "file"
    stranger.parent.mkdir(parents=True)
    stranger.touch()
    (tmp_path / "parts" / "hello.tar").unlink()
    bundle = make(tmp_path, "hello again")
    assert bundle.problems() == []
    assert not (bundle.path / "repos").exists()


def test_an_interrupted_write_leaves_no_description(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path)
    (tmp_path / "parts" / "hello.tar").unlink()

    def interrupt(*_paths: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(write, "_place", interrupt)
    with pytest.raises(KeyboardInterrupt):
        make(tmp_path, "hello again")
    assert not (tmp_path / "bundle" / "bundle.json").exists()
