"""The options that every verb takes, before it and after it: `--json status` is `status --json`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_INVENTORY = "inventory"


class Formatter(argparse.HelpFormatter):
    """Wraps a text paragraph by paragraph; lines that begin with a blank (examples) stay as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        paragraphs = text.strip("\n").split("\n\n")
        return "\n\n".join(
            paragraph if "\n " in f"\n{paragraph}" else super(Formatter, self)._fill_text(paragraph, width, indent)
            for paragraph in paragraphs
        )


def add_options(parser: argparse.ArgumentParser, level: int) -> None:
    """Add the global options to a parser; level 0 is the command itself, 1 a verb, 2 what a verb can do.

    Below level 0 they have no defaults, so that what was given before the verb is kept. Inventories of all levels are
    put together by merge().
    """
    group = parser.add_argument_group("global options")
    group.add_argument(
        "-i",
        "--inventory",
        action="append",
        dest=_dest(level),
        default=_default(level, value=[]),
        type=Path,
        metavar="DIR",
        help="inventory folder; may be given several times, later ones overlay earlier ones "
        "(default: the only cluster under ./inventory)",
    )
    group.add_argument(
        "--limit", default=_default(level, value=None), metavar="NODE[,NODE]", help="work on these nodes only"
    )
    for name, what in {
        "--json": "print one JSON document on stdout, all else on stderr",
        "--verbose": "show every task of every role",
        "--no-color": "plain text (as does NO_COLOR)",
    }.items():
        group.add_argument(name, action="store_true", default=_default(level, value=False), help=what)


def merge(args: argparse.Namespace) -> None:
    """Put the inventories of all levels into one list, in the order in which they were typed."""
    args.inventory = [*args.inventory, *(path for level in (1, 2) for path in getattr(args, _dest(level), ()))]


def subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return a parser's verbs, or what its verb can do, by name."""
    found = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))  # noqa: SLF001 - argparse has no public way
    return next((dict(action.choices) for action in found), {})


def every(
    parser: argparse.ArgumentParser, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    """Yield every verb and what it can do, with the words that lead there."""
    for name, below in subparsers(parser).items():
        yield (*path, name), below
        yield from every(below, (*path, name))


def _default(level: int, *, value: object) -> object:
    return argparse.SUPPRESS if level else value


def _dest(level: int) -> str:
    return f"{_INVENTORY}_{level}" if level else _INVENTORY
