"""The report as text for a terminal of 100 columns: the same facts as the HTML, in the same order. No colours."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from blackstart.report import figures
from blackstart.report.headline import headline
from blackstart.report.model import Fate, Outcome
from blackstart.report.words import count, instant, places, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blackstart.report.model import PhaseRun, Report, Span

WIDTH = 100  # columns
_WORK, _WAIT, _ON = "█", "░", "─"


def render_text(report: Report) -> str:
    """Return the whole report; every line is at most WIDTH columns, but for words that are longer."""
    blocks = [_head(report), _errors(report), _totals(report), _phases(report), _healed(report)]
    blocks += [_changes(report), _gates(report), _slowest(report), _versions(report), _notes(report)]
    return plain("\n\n".join("\n".join(block) for block in blocks if block) + "\n")


def _head(report: Report) -> list[str]:
    made_by = f"blackstart {report.blackstart}" if report.blackstart else ""
    facts = [f"{report.verb} {report.cluster}".strip(), f"run {report.run}", instant(report.started), made_by]
    return [headline(report), " · ".join(fact for fact in facts if fact)]


def _errors(report: Report) -> list[str]:
    lines = []
    for error in report.errors:
        lines.append(f"ERROR, exit code {error.exit_code}")
        lines += _filled(error.message, "  ")
        lines += _filled(error.hint, "  -> ", "     ")
    if report.outcome is Outcome.KILLED:
        lines += _filled("The journal has no end: the run was killed, or its machine went down. What it had done stays "
                         "done; run the same command again, it goes on from what it sees.")  # fmt: skip
    if report.damaged:
        lines.append(f"{count(report.damaged, 'line')} of the journal could not be read: this may lack something.")
    return lines


def _totals(report: Report) -> list[str]:
    if not report.waits and not report.applied:
        quiet = "Every phase was looked at and none had a reason to run; every gate was open. Nothing was changed."
        return [quiet] if report.outcome is Outcome.OK else []
    shares = figures.shares(report)
    spent = f"{shares.applying:.1f} applying, {shares.waiting:.1f} waiting at gates, {shares.other:.1f} looking"
    return [f"{report.seconds:.1f} s in all: {spent} and the rest; {count(figures.changes(report), 'change')}"]


def _phases(report: Report) -> list[str]:
    """Draw the table of phases with a bar each on one axis."""
    rows = [phase for phase in report.phases if phase.spans or phase.waits or phase.fate is Fate.NOT_REACHED]
    if not any(phase.spans or phase.waits for phase in rows):
        return []
    name = max(len("PHASE"), *(len(phase.name) for phase in rows))
    total = max([report.seconds, *(span.end for phase in rows for span in phase.spans)])
    cells = max(WIDTH - name - 29, 20)
    end = f"{total:.1f} s"
    lines = [f"{'PHASE':<{name}}   work s   wait s  changes  0 s{end:>{cells - 3}}"]
    for phase in rows:
        work = f"{phase.seconds:.1f}" if phase.spans else ""
        wait = f"{phase.waited:.1f}" if phase.waits else ""
        changed = str(len(phase.changed)) if phase.spans else ""
        bar = _bar(phase, total, cells) if phase.spans or phase.waits else str(phase.fate)
        if phase.spans and phase.fate is not Fate.DONE:
            bar = _noted(bar, str(phase.fate), cells)
        lines.append(f"{phase.name:<{name}}  {work:>7}  {wait:>7}  {changed:>7}  {bar}".rstrip())
    return [*lines, f"{_WORK} at work   {_WAIT} waiting for its gate   {_ON} goes on by itself beside others"]


def _bar(phase: PhaseRun, total: float, cells: int) -> str:
    line = [" "] * cells
    strokes: list[tuple[Span, str]] = [(phase.background, _ON)] if phase.background else []
    strokes += [(wait.span, _WAIT) for wait in phase.waits]
    strokes += [(span, _WORK) for span in phase.spans]  # last, since a short piece of work must not be painted over
    for span, mark in strokes:
        first = min(int(cells * span.start / total), cells - 1)
        last = max(first + 1, round(cells * span.end / total))
        line[first:last] = mark * (min(last, cells) - first)
    return "".join(line).rstrip()


def _noted(bar: str, note: str, cells: int) -> str:
    """Put a word after a bar, or before it when there is no room behind."""
    if len(bar) + 1 + len(note) <= cells:
        return f"{bar} {note}"
    free = len(bar) - len(bar.lstrip())
    return f"{note:>{free - 1}} {bar.lstrip()}" if free > len(note) else bar


def _healed(report: Report) -> list[str]:
    lines = [line for what, why in report.healed for line in _filled(f"{what}: {why}", "  ", "    ")]
    return ["HEALED", *lines] if lines else []


def _changes(report: Report) -> list[str]:
    lines = []
    for phase in report.phases:
        if phase.spans:
            lines += [f"{phase.name}: {phase.title}", *_why(phase, report), *_did(phase, report)]
    return ["CHANGES", *lines] if lines else []


def _why(phase: PhaseRun, report: Report) -> Iterator[str]:
    for reason in phase.reasons:
        yield from _filled(f"{places(reason.nodes, report.nodes)}: {reason.text}", "  why      ", " " * 11)
    if not phase.reasons:
        yield "  why      not in the first plan: what was seen later asked for it"


def _did(phase: PhaseRun, report: Report) -> Iterator[str]:
    for nodes, tasks in figures.changed_tasks(phase):
        yield from _filled(f"{places(nodes, report.nodes)}: {' · '.join(tasks)}", "  changed  ", " " * 11)


def _gates(report: Report) -> list[str]:
    lines = []
    for wait in report.waits:
        lines.append(f"{wait.phase}: {'waited' if wait.open else 'NOT OPEN after'} {wait.span.seconds:.1f} s")
        looks = [*wait.looks, (wait.span.end, wait.seen)] if wait.open or not wait.looks else wait.looks
        for at, seen in looks:
            lines += _filled(seen or "nothing was seen yet", f"{at:8.1f} s  ", " " * 12)
    return ["GATES", *lines] if lines else []


def _slowest(report: Report) -> list[str]:
    lines = []
    for slow in figures.slowest(report):
        tail = f"  {slow.task.phase}, {slow.task.node}"
        room = WIDTH - 14 - len(tail)
        name = textwrap.shorten(slow.task.task, max(room, 20), placeholder="…")
        lines.append(f"{slow.rank:>4}  {slow.task.span.seconds:6.1f}  {name}{tail}")
    return ["SLOWEST TASKS, s", *lines] if lines else []


def _versions(report: Report) -> list[str]:
    words = ", ".join(f"{name} {version}" for name, version in report.versions.items())
    return ["VERSIONS", *_filled(words, "  ")] if words else []


def _notes(report: Report) -> list[str]:
    return ["NOTES", *(line for note in report.notes for line in _filled(note, "  "))] if report.notes else []


def _filled(text: str, first: str = "", rest: str | None = None) -> list[str]:
    """Wrap each line of text at WIDTH."""
    indent = rest if rest is not None else " " * len(first)
    lines: list[str] = []
    for line in text.splitlines():
        lead = indent if lines else first
        lines += textwrap.wrap(
            plain(line),
            WIDTH,
            initial_indent=lead,
            subsequent_indent=indent,
            break_on_hyphens=False,
            break_long_words=False,
        )
    return lines
