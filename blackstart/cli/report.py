"""Show what a run did and why, how long it took and where it stopped. Contacts no node."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its options."""
    parser = verbs.add_parser("report", help="show what a run did, from its journal", description=__doc__)
    parser.add_argument(
        "name",
        nargs="?",
        default="",
        metavar="RUN",
        help="the run's name, the beginning of it, or the path of its folder (default: the latest run)",
    )
    parser.add_argument("--list", action="store_true", help="list the runs, oldest first")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print one run's report, and write its HTML file if needed; 0 whatever the run's result."""
    from blackstart.report import build, document, read_journal, render_text
    from blackstart.report.read import find_run

    _say_what_the_terminal_cannot()
    clusters = _clusters(args.inventory)
    if args.list:
        return _list(clusters, as_document=args.json)
    folder = find_run(clusters, args.name)
    running = _running(folder)
    report = build(read_journal(folder), run=folder.name, running=running)
    page = _page(folder, running=running)
    if args.json:
        print(_json({**document(report), "html": str(page or "")}))
        return 0
    print(render_text(report))
    if page:
        print(f"report: {page}")
    return 0


def _clusters(inventories: Sequence[Path]) -> list[Path]:
    """Return the state folders to search: the given inventory's cluster, or all clusters."""
    from blackstart import paths

    if not inventories:
        return paths.states()
    from blackstart.model.load import load, resolve

    desired, _ = load(resolve([str(name) for name in inventories], Path.cwd()))
    return [paths.state(desired.name)]


def _list(clusters: Sequence[Path], *, as_document: bool) -> int:
    from blackstart.report import build, read_journal
    from blackstart.report.headline import headline
    from blackstart.report.read import run_folders
    from blackstart.report.words import plain

    runs = [
        (folder, build(read_journal(folder), run=folder.name, running=_running(folder)))
        for folder in run_folders(clusters)
    ]
    if as_document:
        rows = [
            {"run": folder.name, "cluster": report.cluster, "outcome": str(report.outcome), "seconds": report.seconds,
             "headline": headline(report), "folder": str(folder)}
            for folder, report in runs
        ]  # fmt: skip
        print(_json({"runs": rows}))
        return 0
    for folder, report in runs:
        print(plain(f"{folder.name}  {report.cluster}  {headline(report)}"))
    if not runs:
        print("no runs yet; start one with `blackstart up`", file=sys.stderr)
    return 0


def _running(folder: Path) -> bool:
    """Whether this is the newest run of a cluster whose lock somebody holds."""
    from blackstart.engine.lock import held
    from blackstart.report.read import run_folders

    cluster = folder.resolve().parent.parent
    newest = run_folders([cluster])[-1:]
    return [path.name for path in newest] == [folder.resolve().name] and held(cluster / "lock")


def _page(folder: Path, *, running: bool) -> Path | None:
    """Return the HTML report, written now when a killed run could not; None while it runs or without write access."""
    from blackstart.report import write

    page = folder / "report.html"
    if page.exists() and page.stat().st_mtime >= (folder / "journal.jsonl").stat().st_mtime:
        return page
    if running:
        return None  # the run writes it when it ends
    try:
        return write(folder)
    except OSError:
        return None  # a read-only journal of another user can still be shown as text


def _json(value: dict[str, Any]) -> str:
    import json

    return json.dumps(value, indent=2, ensure_ascii=False)


def _say_what_the_terminal_cannot() -> None:
    """Let an output without UTF-8 show question marks instead of failing."""
    from io import TextIOWrapper

    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
