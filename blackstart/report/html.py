"""The report as one HTML file that needs nothing but a browser: no scripts, no fonts, no network."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from blackstart.report import figures, words
from blackstart.report.build import build
from blackstart.report.headline import headline
from blackstart.report.model import Outcome
from blackstart.report.read import read_journal
from blackstart.report.timeline import timeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blackstart.report.model import Report

NAME = "report.html"


def write(folder: Path) -> Path:
    """Write report.html (mode 0600) beside a run's journal and return its path.

    Raises InputError when there is no journal. A report that is already there is replaced at once, never half.
    """
    text = render_html(read_journal(folder), run=folder.name)
    target = folder / NAME
    draft = folder / f".{NAME}.{os.getpid()}"
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(target)
    return target


def render_html(events: Sequence[dict[str, Any]], *, run: str = "", running: bool = False) -> str:
    """Return the whole report of a journal's events as HTML. Pure; everything from the journal is escaped."""
    return _page(build(list(events), run=run, running=running))


def _page(report: Report) -> str:
    template = _environment().get_template("report.html.j2")
    return template.render(
        report=report,
        headline=headline(report),
        tone=_TONES[report.outcome],
        shares=figures.shares(report),
        changes=figures.changes(report),
        slowest=figures.slowest(report),
        picture=timeline(report),
        names={name: _LABELS.get(name, name) for name in report.versions},
    )


_TONES = {
    Outcome.OK: "good",
    Outcome.FAILED: "bad",
    Outcome.INTERRUPTED: "warn",
    Outcome.KILLED: "bad",
    Outcome.RUNNING: "warn",
}

# How the projects write their own names; whatever is not here is shown as the inventory calls it.
_LABELS = {
    "kubernetes": "Kubernetes",
    "coredns": "CoreDNS",
    "cilium": "Cilium",
    "argocd": "Argo CD",
}


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,  # of every file, whatever its name ends in
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        duration=words.duration,
        instant=words.instant,
        count=words.count,
        places=words.places,
        unbroken=words.unbroken,
        changed_tasks=figures.changed_tasks,
        seconds=lambda value: f"{value:.1f}",
    )
    return environment
