"""Check the inventory and print all its problems at once, with file, line and hint. Contacts no machine.

Placeholders (CHANGE-ME) for disks and interfaces are listed and are no errors: only the installation of a machine needs
their values.
"""

from __future__ import annotations

import os
import sys
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence

    from blackstart.model.cluster import Cluster
    from blackstart.model.problem import Problem

    Paint = Callable[[str, str], str]

_PLACEHOLDERS = "To fill in before a machine is installed; nothing that is already installed needs it:"


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its options."""
    parser = verbs.add_parser("check", help="read the inventory and report all its problems", description=__doc__)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check and print; 0 when there is no error (placeholders are listed and are none), else 2."""
    from blackstart.cli.session import document
    from blackstart.errors import Exit
    from blackstart.model.load import resolve
    from blackstart.model.problem import Severity, shorten

    sources = resolve([str(name) for name in args.inventory], Path.cwd())
    cluster, problems = _look(sources)
    errors = [problem for problem in problems if problem.severity is Severity.ERROR]
    to_fill_in = [problem for problem in problems if problem.severity is Severity.PLACEHOLDER]
    names = [shorten(source) for source in sources]
    if args.json:
        found = [problem.document() for problem in problems]
        print(document({"inventory": names, "errors": len(errors), "to_fill_in": len(to_fill_in), "problems": found}))
    else:
        print(text(names[-1], cluster, errors, to_fill_in, _paint()))
    return int(Exit.INPUT if errors else Exit.OK)


def _look(sources: Sequence[Path]) -> tuple[Cluster | None, Sequence[Problem]]:
    from blackstart.bundle.manifest import Bundle
    from blackstart.errors import InputError
    from blackstart.model.check import check, complete
    from blackstart.model.merge import read
    from blackstart.model.problem import InventoryError

    try:
        hostvars = read(sources)
    except InventoryError as error:
        return None, error.problems
    cluster = complete(hostvars)
    bundle: Bundle | InputError | None = None
    if cluster is not None:
        try:
            bundle = Bundle.read(cluster.bundle_path)
        except InputError as error:
            bundle = error
    return cluster, check(sources, hostvars, bundle)


def text(
    name: str, cluster: Cluster | None, errors: Sequence[Problem], to_fill_in: Sequence[Problem], paint: Paint
) -> str:
    """Render problems by file, then what is to be filled in, then one line that sums up (pure)."""
    what = f": {len(cluster.nodes)} nodes, Kubernetes {cluster.versions.kubernetes}" if cluster else ""
    sums = [_count(len(errors), "problem")] if errors else ["no problems"]
    if to_fill_in:
        sums.append(f"{_count(len(to_fill_in), 'value')} to fill in")
    lines = [*_blocks(errors, paint, "red")]
    if to_fill_in:
        lines += [paint(_PLACEHOLDERS, "bold"), "", *_blocks(to_fill_in, paint, "yellow")]
    return "\n".join([*lines, paint(f"{name}{what}: {', '.join(sums)}", "red" if errors else "green")])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _blocks(problems: Sequence[Problem], paint: Paint, color: str) -> list[str]:
    lines: list[str] = []
    width = max((len(problem.key) for problem in problems), default=0)
    for file, inside in groupby(problems, key=lambda problem: problem.file):
        lines.append(paint(file, "bold"))
        for problem in inside:
            place = f"{problem.line or '':>5}  "
            lines.append(f"{place}{paint(f'{problem.key:<{width}}', color)}  {problem.message}")
            if problem.hint:
                lines.append(f"{'':{len(place) + width}}  -> {problem.hint}")
        lines.append("")
    return lines


def _paint() -> Paint:
    """Return what colours a text: rich on a terminal, nothing elsewhere or with NO_COLOR."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return lambda words, _style: words
    from rich.console import Console
    from rich.style import Style

    system = Console().color_system
    if system is None:
        return lambda words, _style: words
    return lambda words, style: Style.parse(style).render(words)
