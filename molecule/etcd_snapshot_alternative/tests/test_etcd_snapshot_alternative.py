"""The newest two are kept; a file that is not ours stays, whatever its age."""

from __future__ import annotations

import json
import os
from pathlib import Path


def test_the_newest_are_kept_and_nothing_else_is_touched() -> None:
    folder = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "snapshots-alternative"
    mine, newest = sorted(path for path in folder.glob("etcd-*.db"))
    assert mine.name == "etcd-20200103T000000Z.db"
    assert mine.read_text() == mine.name
    assert json.loads(newest.with_suffix(".json").read_text())["reason"] == "before a member of the test is removed"
    assert {path.name for path in folder.iterdir()} == {
        "before-the-upgrade.db",
        mine.name,
        newest.name,
        newest.with_suffix(".json").name,
    }
