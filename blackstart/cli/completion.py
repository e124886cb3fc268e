"""Print a script that completes verbs, options and node names in bash, zsh or fish.

The script runs `blackstart completion words ...` at each TAB, so it always matches this version.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHELLS = {
    # An empty answer falls back to file names: -o default.
    "bash": r"""_blackstart() {
    local IFS=$'\n'
    COMPREPLY=($(blackstart completion words "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _blackstart blackstart
""",
    "zsh": r"""#compdef blackstart
_blackstart() {
    local -a found
    local line
    for line in ${(f)"$(blackstart completion words "${(@Q)words[2,CURRENT]}" 2>/dev/null)"}; do
        found+=("${line%%$'\t'*}:${line#*$'\t'}")
    done
    if (( $#found )); then _describe blackstart found; else _files; fi
}
if [[ $funcstack[1] == _blackstart ]]; then _blackstart; else compdef _blackstart blackstart; fi
""",
    "fish": r"""function __blackstart_words
    set -l before (commandline -opc)
    set -l last (commandline -ct)
    blackstart completion words $before[2..-1] "$last" 2>/dev/null
end
complete -c blackstart -f -n 'test -n "$(__blackstart_words)"' -a '(__blackstart_words)'
""",
}
_NODE, _NODES = ("NODE", "NAME"), "NODE[,NODE]"
_EQUALS = "="  # bash hands over `--limit=casper-3` as three words
_ASK = "words"  # what the scripts pass in place of a shell


class Word(NamedTuple):
    """A candidate, and its description."""

    word: str
    what: str = ""


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb."""
    parser = verbs.add_parser("completion", help="print a completion script for bash, zsh or fish", description=__doc__)
    parser.add_argument("shell", choices=(*_SHELLS, _ASK), metavar=f"{{{','.join(_SHELLS)}}}", help="your shell")
    parser.add_argument("words", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the script, or the candidates for the last of the given words."""
    if args.shell != _ASK:
        print(_SHELLS[args.shell], end="")
        return 0
    for word, what in complete(args.parser, args.words or [""]):
        print(f"{word}\t{what}")
    return 0


def complete(top: argparse.ArgumentParser, words: Sequence[str]) -> list[Word]:
    """Return the candidates for the last word; none where any text or file name can stand."""
    state = _State(top)
    for word in words[:-1]:
        state.take(word)
    begun = "" if words[-1] == _EQUALS else words[-1]
    return [found for found in state.next(begun) if found.word.startswith(begun)]


class _State:
    """A command line up to some word."""

    def __init__(self, parser: argparse.ArgumentParser) -> None:
        self._parser = parser
        self._value: argparse.Action | None = None  # the option whose value comes next
        self._inventories: list[str] = []
        self._place = 0  # positional arguments so far

    def take(self, word: str) -> None:
        """Read one more word."""
        if word == _EQUALS:
            return
        if self._value is not None:
            if self._value.metavar == "DIR":
                self._inventories.append(word)
            self._value = None
        elif word.startswith("-"):
            option = self._parser._option_string_actions.get(word)  # noqa: SLF001 - argparse has no public way
            self._value = option if option is not None and option.nargs != 0 else None
        elif word in (below := _below(self._parser)):
            self._parser, self._place = below[word][0], 0
        else:
            self._place += 1

    def next(self, begun: str) -> list[Word]:
        """Return the candidates for the next word, of which `begun` is typed already."""
        if self._value is not None:
            return self._values(self._value, begun)
        if begun.startswith("-"):
            return _options(self._parser)
        if below := _below(self._parser):
            return [Word(name, what) for name, (_, what) in below.items()]
        places = [action for action in self._parser._get_positional_actions() if action.help != argparse.SUPPRESS]  # noqa: SLF001 - as above
        return self._values(places[self._place], begun) if self._place < len(places) else []

    def _values(self, action: argparse.Action, begun: str) -> list[Word]:
        if action.metavar in _NODE:
            return [Word(name) for name in _nodes(self._inventories)]
        if action.metavar == _NODES:
            before, comma, _ = begun.rpartition(",")
            return [
                Word(f"{before}{comma}{name}") for name in _nodes(self._inventories) if name not in before.split(",")
            ]
        return [Word(str(choice)) for choice in action.choices or () if choice != _ASK]


def _below(parser: argparse.ArgumentParser) -> dict[str, tuple[argparse.ArgumentParser, str]]:
    """Return a parser's verbs by name, each with its help."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no public way
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - as above
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}  # noqa: SLF001 - as above
            return {name: (below, helps.get(name, "")) for name, below in action.choices.items()}
    return {}


def _options(parser: argparse.ArgumentParser) -> list[Word]:
    return [
        Word(action.option_strings[-1], (action.help or "").partition(";")[0].partition(" (")[0])
        for action in parser._actions  # noqa: SLF001 - argparse has no public way
        if action.option_strings and action.help != argparse.SUPPRESS
    ]


def _nodes(inventories: Sequence[str]) -> list[str]:
    """Return the names of the inventory's nodes from its hosts.yml alone; none when it cannot be read."""
    from pathlib import Path

    from blackstart.errors import BlackstartError
    from blackstart.model import documents
    from blackstart.model.load import resolve

    try:
        named = documents.read(resolve([str(Path(name).expanduser()) for name in inventories], Path.cwd())).named
    except (BlackstartError, OSError):
        return []
    return [name for kind, name in named if kind == "host"]
