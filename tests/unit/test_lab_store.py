"""Parts are there whole or not at all, and their addresses follow from recipes alone."""

from __future__ import annotations

import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from blackstart.lab.parts import Part, Room
from blackstart.lab.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

INTERRUPTED = """
import sys, time
from pathlib import Path
from blackstart.lab.parts import Part
from blackstart.lab.store import Store

def make(room):
    (room.out / "half").write_text("half")
    room.run(["sh", "-c", "echo $$; exec sleep 600"])

store = Store(Path(sys.argv[1]))
with store.lock(lambda: None):
    store.make(Part("a", "a", 1, {"version": 1}, make), lambda line: print(line, flush=True))
"""


def write(room: Room, text: str = "whole") -> None:
    (room.out / "sub").mkdir()
    (room.out / "sub" / "file").write_text(text)


def part(recipe: Mapping[str, Any], make: Callable[[Room], None] = write, *inputs: Part, name: str = "a") -> Part:
    return Part(name, name, 1, recipe, make, inputs)


def locked(store: Store) -> Any:
    return store.lock(partial(pytest.fail, "nobody else holds the store"))


def test_a_key_follows_from_name_recipe_and_inputs_only() -> None:
    base = part({"version": "1", "tags": ["x"]})
    assert base.key == part({"tags": ["x"], "version": "1"}, partial(write, text="other")).key
    assert base.key != part({"version": "2", "tags": ["x"]}).key
    above = part({}, write, base, name="b")
    assert above.key != part({}, write, part({"version": "2"}), name="b").key


def test_keys_are_stable_across_runs() -> None:
    # Were this to change by accident, everybody would build for 20 minutes again.
    assert part({"version": "1"}).key == "8a85ebea4745d646da841a7a17646041e3fafe047919f9234a55bf560f96bbb6"


def test_a_part_is_made_once(tmp_path: Path) -> None:
    store, wanted = Store(tmp_path), part({"version": 1})
    assert store.find(wanted) is None
    with locked(store):
        made = store.make(wanted, print)
    assert (made.path / "sub" / "file").read_text() == "whole"
    assert store.find(wanted) == made


def test_inputs_are_given_by_name(tmp_path: Path) -> None:
    store, below = Store(tmp_path), part({}, name="below")

    def copy(room: Room) -> None:
        (room.out / "copy").write_text((room.inputs["below"] / "sub" / "file").read_text())

    with locked(store):
        store.make(below, print)
        made = store.make(part({}, copy, below), print)
    assert (made.path / "copy").read_text() == "whole"


@pytest.mark.parametrize("damage", ["change", "grow", "remove", "add", "record", "no record"])
def test_an_altered_part_is_not_used_and_is_made_again(tmp_path: Path, damage: str) -> None:
    store, wanted = Store(tmp_path), part({"version": 1})
    with locked(store):
        made = store.make(wanted, print)
    file, record = made.path / "sub" / "file", made.path.parent / "record.json"
    match damage:
        case "change":
            time.sleep(0.01)
            file.write_text("other")
        case "grow":
            file.write_text("whole and more")
        case "remove":
            file.unlink()
        case "add":
            (made.path / "new").touch()
        case "record":
            record.write_text(record.read_text()[:20])
        case _:
            record.unlink()
    assert store.find(wanted) is None
    with locked(store):
        assert store.make(wanted, print) == store.find(wanted)


def test_a_failed_part_leaves_nothing(tmp_path: Path) -> None:
    def fail(room: Room) -> None:
        (room.out / "half").touch()
        raise OSError("disk full")

    store = Store(tmp_path)
    with locked(store), pytest.raises(OSError, match="disk full"):
        store.make(part({}, fail), print)
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def test_a_killed_build_leaves_nothing_that_is_trusted(tmp_path: Path) -> None:
    builder = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path)], stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert builder.stdout is not None
    child = int(builder.stdout.readline())
    waited: list[str] = []
    builder.kill()
    builder.wait()
    store, wanted = Store(tmp_path), part({"version": 1})
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".tmp-")]
    assert store.find(wanted) is None
    with store.lock(lambda: waited.append("waited")):
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]
    assert not waited
    assert ended(child)


def test_a_second_build_waits_for_the_first(tmp_path: Path) -> None:
    builder = subprocess.Popen([sys.executable, "-c", INTERRUPTED, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert builder.stdout is not None
    builder.stdout.readline()
    with Store(tmp_path).lock(builder.kill):
        builder.wait()


def ended(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False
