"""The command line as people type it: options on both sides of the verb, and help that ends with examples."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from blackstart.cli.examples import EXAMPLES
from blackstart.cli.main import parse, parser
from blackstart.cli.options import every

VERBS = {" ".join(words): below for words, below in every(parser())}


@pytest.mark.parametrize(
    "line",
    [
        "--json --limit casper-3 -i one --verbose status",
        "status --json --limit casper-3 -i one --verbose",
        "--json -i one status --verbose --limit=casper-3",
    ],
)
def test_global_options_stand_before_and_after_the_verb(line: str) -> None:
    args = parse(line.split())
    assert (args.json, args.limit, args.inventory, args.verbose) == (True, "casper-3", [Path("one")], True)


@pytest.mark.parametrize("verb", ["status", "lab status"])
def test_what_is_not_given_has_its_default(verb: str) -> None:
    args = parse(verb.split())
    assert (args.json, args.limit, args.inventory, args.verbose, args.no_color) == (False, None, [], False, False)


def test_inventories_of_all_places_are_put_together_in_order() -> None:
    args = parse(["-i", "a", "-i", "b", "lab", "-i", "c", "status", "-i", "d", "-i", "e"])
    assert args.inventory == [Path(name) for name in "abcde"]


def test_the_later_of_two_values_counts() -> None:
    assert parse(["--limit", "one", "status", "--limit", "two"]).limit == "two"


@pytest.mark.parametrize(
    "line", ["--yes up", "up --yes", "up --yes CASPER3C", "up --yes-w CASPER3C", "status --no-such-option", "statu"]
)
def test_what_nobody_reads_is_refused(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(line.split())
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


def test_a_rebuild_is_still_confirmed_by_name() -> None:
    assert parse(["rebuild", "casper-3", "--yes", "casper-3"]).confirmed == "casper-3"


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_the_help_of_a_verb_ends_with_one_or_two_examples(verb: str) -> None:
    assert verb in EXAMPLES, f"cli/examples.py has none for {verb}"
    assert 1 <= len(EXAMPLES[verb]) <= 3
    text = VERBS[verb].format_help()
    for command, what in EXAMPLES[verb]:
        assert f"  {command}\n      {what}\n" in text


def test_there_are_no_examples_of_verbs_that_are_gone() -> None:
    assert sorted(EXAMPLES) == sorted(VERBS)


@pytest.mark.parametrize(
    ("verb", "command"), [(verb, command) for verb, examples in EXAMPLES.items() for command, _ in examples]
)
def test_an_example_can_be_typed(verb: str, command: str) -> None:
    program, *words = shlex.split(command.removeprefix("source <(").removesuffix(")").partition(" > ")[0])
    assert program == "blackstart"
    assert f"blackstart {verb}" in command
    parse(words)
