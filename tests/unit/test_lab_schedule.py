"""What is built, in which order, and what is said when a part fails."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from blackstart.lab import schedule
from blackstart.lab.parts import Part, Room
from blackstart.lab.schedule import PartFailedError, build_parts, missing
from blackstart.lab.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from blackstart.lab.progress import Progress


def touch(room: Room) -> None:
    (room.out / "file").write_text(" ".join(room.inputs))


def part(
    name: str, *inputs: Part, seconds: float = 1, heavy: bool = False, make: Callable[[Room], None] = touch
) -> Part:
    return Part(name, f"the {name}", seconds, {}, make, inputs, heavy)


def test_only_what_is_missing_is_built_and_said(tmp_path: Path) -> None:
    store = Store(tmp_path / "parts")
    base = part("base", heavy=True)
    wanted = [part("image", base), part("package", base)]
    said: list[Progress] = []
    made = build_parts(wanted, ready(store), tmp_path / "logs", said.append)
    assert {name: (found.path / "file").read_text() for name, found in made.items()} == {
        "base": "",
        "image": "base",
        "package": "base",
    }
    assert set(said[0].planned) == {"base", "image", "package"}
    assert [(seen.finished, seen.done) for seen in said if seen.finished] == [
        ("the base", 1),
        ("the image", 2),
        ("the package", 3),
    ]
    said.clear()
    assert set(build_parts(wanted, store, tmp_path / "logs", said.append)) == {"image", "package"}
    assert not said


def test_what_only_finished_parts_needed_is_not_built(tmp_path: Path) -> None:
    store, base = ready(Store(tmp_path)), part("base")
    image = part("image", base)
    build_parts([image], store, tmp_path / "logs", lambda _progress: None)
    entry = store.find(base)
    assert entry is not None
    (entry.path / "file").unlink()
    assert missing([image], store, {}) == []
    other = part("other", image, base)
    assert [found.name for found in missing([other], store, {})] == ["base", "other"]


def test_a_failure_names_the_part_its_last_lines_and_its_log(tmp_path: Path) -> None:
    def fail(room: Room) -> None:
        room.run(["sh", "-c", "echo compiling; echo no space left; exit 3"])

    wanted = [part("broken", make=fail), part("after", part("broken", make=fail))]
    with pytest.raises(PartFailedError) as caught:
        build_parts(wanted, ready(Store(tmp_path / "parts")), tmp_path / "logs", lambda _progress: None)
    assert caught.value.message == "the broken could not be built:\ncompiling\nno space left"
    assert str(tmp_path / "logs" / "broken.log") in caught.value.hint
    assert (tmp_path / "logs" / "broken.log").read_text() == "compiling\nno space left\n"


def test_a_failure_stops_what_is_built_beside_it(tmp_path: Path) -> None:
    def endless(room: Room) -> None:
        room.run(["sh", "-c", "while :; do echo .; sleep 0.05; done"])

    def fail(_room: Room) -> None:
        raise OSError("disk full")

    wanted = [part("endless", make=endless, heavy=True), part("broken", make=fail)]
    with pytest.raises(PartFailedError, match="the broken could not be built:\ndisk full"):
        build_parts(wanted, ready(Store(tmp_path / "parts")), tmp_path / "logs", lambda _progress: None)
    assert [path.name for path in (tmp_path / "parts").iterdir()] == []


def test_the_forecast_is_told_while_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "_TICK", 0.02)
    said: list[Progress] = []
    wanted = [part("silent", make=lambda _room: time.sleep(0.2))]
    build_parts(wanted, ready(Store(tmp_path / "parts")), tmp_path / "logs", said.append)
    assert sum(seen.now == ("the silent",) for seen in said) > 3


def test_the_next_build_knows_how_long_a_part_took_here(tmp_path: Path) -> None:
    store = ready(Store(tmp_path / "parts"))
    build_parts([part("base", seconds=100)], store, tmp_path / "logs", lambda _progress: None)
    assert store.seconds()["base"] < 5
    said: list[Progress] = []
    build_parts([Part("base", "the base", 100, {"version": 2}, touch)], store, tmp_path / "logs", said.append)
    assert next(iter(said[0].planned.values())) < 5
    (store.root / "seconds.json").write_text("[]")
    assert store.seconds() == {}


def ready(store: Store) -> Store:
    store.root.mkdir(parents=True, exist_ok=True)
    return store
