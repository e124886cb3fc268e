"""The collections: kept when whole, brought anew when stale, and an unreachable network said in one message."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from blackstart import paths
from blackstart.engine import galaxy, process
from blackstart.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

GENERAL = "ansible_collections/community/general/"


class Registry:
    """Stands in for pip: writes a wheel with the given members, or fails as pip does without a network."""

    def __init__(self, members: Sequence[str], *, reachable: bool = True) -> None:
        self.members = members
        self.reachable = reachable
        self.calls: list[list[str]] = []

    def run(self, argv: Sequence[str], **_: Any) -> None:
        self.calls.append([str(word) for word in argv])
        if not self.reachable:
            raise process.ProcessError(self.calls[-1], 1, "Name or service not known")
        folder = Path(self.calls[-1][self.calls[-1].index("--dest") + 1])
        with zipfile.ZipFile(folder / "ansible-12.3.0-py3-none-any.whl", "w") as wheel:
            for member in self.members:
                wheel.writestr(member, "{}")


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    fake = Registry([f"{GENERAL}MANIFEST.json", f"{GENERAL}plugins/modules/pacman.py", "ansible_collections/a/b/x"])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(galaxy, "_galaxy_answers", lambda: False)
    monkeypatch.setattr(process, "run", fake.run)
    return fake


def test_only_what_is_needed_is_unpacked_and_only_once(registry: Registry) -> None:
    folder = galaxy.ensure()
    assert (folder / GENERAL / "plugins/modules/pacman.py").is_file()
    assert not (folder / "ansible_collections/a").exists()
    assert galaxy.ensure() == folder
    assert len(registry.calls) == 1
    assert "--require-hashes" in registry.calls[0]


def test_a_changed_pin_replaces_the_cached_ones(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = galaxy.ensure()
    (folder / "old").touch()
    monkeypatch.setattr(galaxy, "CARRIER", "ansible==12.4.0 --hash=sha256:00")
    assert galaxy.ensure() == folder
    assert not (folder / "old").exists()
    assert sorted(path.name for path in folder.parent.iterdir()) == ["collections", "collections.lock"]


def test_a_half_written_folder_is_never_used(registry: Registry) -> None:
    half = paths.cache() / "collections" / GENERAL
    half.mkdir(parents=True)
    assert (galaxy.ensure() / GENERAL / "MANIFEST.json").is_file()


def test_a_carrier_without_the_collection_is_refused(registry: Registry) -> None:
    registry.members = [f"{GENERAL}README.md"]
    with pytest.raises(InputError, match=r"does not carry the collection community\.general"):
        galaxy.ensure()
    assert not (paths.cache() / "collections").exists()


def test_no_network_at_all_says_so(registry: Registry) -> None:
    registry.reachable = False
    with pytest.raises(InputError, match="Name or service not known") as caught:
        galaxy.ensure()
    assert "copy" in caught.value.hint
