"""What people see: HTML that needs and runs nothing, and text that fits a terminal; both escape what they are given."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from blackstart.report import build, read_journal, render_html, render_text, write
from blackstart.report.timeline import timeline

CASES = Path(__file__).parents[1] / "cases" / "journals"
ALL = ("cold_start", "noop", "failed", "killed")
VOID = {"meta"}
HOSTILE = "<script>alert(\"1\")</script>\x1b[31m & 'x'"


def run(folder: Path, case: str) -> Path:
    folder.joinpath("journal.jsonl").write_bytes((CASES / f"{case}.jsonl").read_bytes())
    return folder


class Page(HTMLParser):
    """Reads a page, counts its elements, and fails on one that is closed in the wrong place."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: dict[str, int] = {}
        self.attributes: list[tuple[str, str | None]] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] = self.seen.get(tag, 0) + 1
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] = self.seen.get(tag, 0) + 1
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("case", ALL)
def test_page_is_whole_and_needs_nothing_from_outside(tmp_path: Path, case: str) -> None:
    text = render_html(read_journal(run(tmp_path, case)))
    page = Page(text)
    assert page.seen.get("script", 0) + page.seen.get("link", 0) + page.seen.get("img", 0) == 0
    assert not [name for name, _ in page.attributes if name in {"src", "href"} or name.startswith("on")]
    assert "http" not in re.sub(r"http-equiv", "", text)
    assert "@import" not in text
    assert page.seen["h1"] == 1


def test_picture_has_a_row_per_phase_a_lane_per_node_and_words_for_those_who_do_not_see_it(tmp_path: Path) -> None:
    events = read_journal(run(tmp_path, "cold_start"))
    picture = timeline(build(events))
    assert picture is not None
    assert len(picture.phases) == 12
    assert [row.name for row in picture.nodes] == ["melchior-1", "balthasar-2", "casper-3"]
    assert sorted(mark.rank for row in picture.nodes for mark in row.marks) == [1, 2, 3, 4, 5]
    bars = [bar for row in (*picture.phases, *picture.nodes) for bar in row.bars]
    assert picture.kinds == {"work", "wait", "on", "open", "task"}
    assert all(bar.x >= 0 and bar.x + bar.width <= 100.001 for bar in bars)
    assert picture.stop is None
    drawing = render_html(events).split('<svg role="img"')[1].split("</svg>")[0]
    root = ET.fromstring('<svg role="img"' + drawing + "</svg>")  # noqa: S314 - our own output: it must be well-formed
    assert root.findtext("title") == "Phases and nodes over 2 min 38 s"
    assert "members: 47.0 s of work" in (root.findtext("desc") or "")


def test_run_that_broke_off_says_where_in_the_picture(tmp_path: Path) -> None:
    picture = timeline(build(read_journal(run(tmp_path, "failed"))))
    assert picture is not None
    assert picture.stop == pytest.approx(100, abs=0.1)
    assert [row.name for row in picture.phases if any("broken" in bar.kind for bar in row.bars)] == ["kubernetes"]
    assert [row.name for row in picture.nodes if any("broken" in bar.kind for bar in row.bars)] == ["casper-3"]


def test_nothing_done_is_no_picture(tmp_path: Path) -> None:
    assert timeline(build(read_journal(run(tmp_path, "noop")))) is None


def hostile() -> list[dict[str, Any]]:
    task = {"phase": HOSTILE, "role": HOSTILE, "task": HOSTILE, "node": HOSTILE, "status": "changed", "seconds": 1}
    step = {"phase": HOSTILE, "title": HOSTILE, "reasons": [{"node": HOSTILE, "text": HOSTILE}]}
    return [
        {"at": 0, "kind": "run", "verb": HOSTILE, "cluster": HOSTILE, "run": HOSTILE, "blackstart": HOSTILE,
         "versions": {HOSTILE: HOSTILE}, "nodes": [HOSTILE]},
        {"at": 0, "kind": "plan", "steps": [step]},
        {"at": 1, "kind": "phase_start", "phase": HOSTILE, "title": HOSTILE, "nodes": [HOSTILE]},
        {"at": 2, "kind": "task", **task},
        {"at": 3, "kind": "phase_end", "phase": HOSTILE, "status": "ok", "changed": {}, "seconds": 2},
        {"at": 3, "kind": "gate_start", "phase": HOSTILE, "title": HOSTILE},
        {"at": 3, "kind": "gate_look", "phase": HOSTILE, "open": False, "seen": HOSTILE},
        {"at": 5, "kind": "gate_end", "phase": HOSTILE, "open": False, "seconds": 2, "seen": HOSTILE},
        {"at": 5, "kind": "healed", "what": HOSTILE, "why": HOSTILE},
        {"at": 5, "kind": "note", "text": HOSTILE},
        {"at": 5, "kind": "error", "exit_code": 7, "message": HOSTILE, "hint": HOSTILE},
        {"at": 5, "kind": "end", "exit_code": 7, "seconds": 5, "summary": {}},
    ]  # fmt: skip


def test_markup_in_the_journal_is_shown_and_not_obeyed() -> None:
    text = render_html(hostile())
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "script" not in Page(text).seen


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in render_text(build(hostile()))


@pytest.mark.parametrize("case", ALL)
def test_text_fits_a_hundred_columns(tmp_path: Path, case: str) -> None:
    text = render_text(build(read_journal(run(tmp_path, case))))
    assert max(len(line) for line in text.splitlines()) <= 100


def test_text_draws_phases_on_one_axis(tmp_path: Path) -> None:
    lines = render_text(build(read_journal(run(tmp_path, "cold_start")))).splitlines()
    rows = {line.split()[0]: line for line in lines if line.endswith(("█", "░", "─"))}
    assert len(rows) == 12
    assert rows["base_os"].index("█") < rows["members"].index("█") < rows["root_application"].index("█")
    assert rows["image_preload"].rindex("─") > rows["argocd"].index("█")  # it went on beside others
    assert rows["root_application"].endswith("░")
    assert len(rows["root_application"]) == 100


def test_text_and_page_tell_the_same_error(tmp_path: Path) -> None:
    events = read_journal(run(tmp_path, "failed"))
    for text in (render_text(build(events)), render_html(events)):
        assert "error: not enough free disk space" in text
        assert "Free space on casper-3" in text


def test_write_puts_a_private_page_beside_the_journal(tmp_path: Path) -> None:
    page = write(run(tmp_path, "killed"))
    assert page == tmp_path / "report.html"
    assert page.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["journal.jsonl", "report.html"]
    assert "Killed at members" in page.read_text()
