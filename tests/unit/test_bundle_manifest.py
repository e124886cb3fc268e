"""A bundle proves itself file by file before it is used."""

from __future__ import annotations

import hashlib
import json
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from blackstart.bundle.manifest import Bundle
from blackstart.bundle.server import serve
from blackstart.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts" / "a.tgz").write_bytes(b"chart")
    entry = {"sha256": hashlib.sha256(b"chart").hexdigest(), "size": 5}
    files = {"charts/a.tgz": entry}
    document = {"format": 1, "versions": {"cilium": "1"}, "images": [], "packages": {}, "files": files}
    (tmp_path / "bundle.json").write_text(json.dumps(document))
    return tmp_path


def test_a_whole_bundle_has_no_problems(bundle: Path) -> None:
    assert Bundle.read(bundle).problems() == []


def test_a_missing_file_is_named(bundle: Path) -> None:
    (bundle / "charts" / "a.tgz").unlink()
    assert Bundle.read(bundle).problems() == ["charts/a.tgz: missing"]


def test_a_longer_file_is_named_with_both_sizes(bundle: Path) -> None:
    (bundle / "charts" / "a.tgz").write_bytes(b"chart!")
    assert Bundle.read(bundle).problems() == ["charts/a.tgz: 6 bytes, should be 5"]


def test_an_altered_file_of_the_same_size_is_named(bundle: Path) -> None:
    (bundle / "charts" / "a.tgz").write_bytes(b"Chart")
    assert "charts/a.tgz: SHA-256" in Bundle.read(bundle).problems()[0]


@pytest.mark.parametrize("content", ["", "{", '{"format": 1}', '{"format": 2}', "[]"])
def test_a_broken_description_is_bad_input(bundle: Path, content: str) -> None:
    (bundle / "bundle.json").write_text(content)
    with pytest.raises(InputError) as caught:
        Bundle.read(bundle)
    assert caught.value.hint


def test_the_server_gives_files_and_no_listings(bundle: Path) -> None:
    with serve(bundle, "127.0.0.1", port=0) as url:
        with urllib.request.urlopen(f"{url}/charts/a.tgz", timeout=5) as answer:
            assert answer.read() == b"chart"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{url}/charts/", timeout=5)


def test_a_taken_port_is_bad_input_with_a_hint(bundle: Path) -> None:
    with (
        serve(bundle, "127.0.0.1", port=0) as url,
        pytest.raises(InputError, match="cannot serve") as caught,
        serve(bundle, "127.0.0.1", port=int(url.rsplit(":", 1)[1])),
    ):
        pass
    assert "ss -ltnp" in caught.value.hint
