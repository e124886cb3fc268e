"""The command line as a whole: the verbs, each in a file of its own, and what all of them have."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from blackstart import __version__
from blackstart.cli import check, completion, disks, lab, media, netboot, plan, rebuild, report, status, up
from blackstart.cli.examples import epilog
from blackstart.cli.options import Formatter, add_options, every, merge

if TYPE_CHECKING:
    from collections.abc import Sequence

EPILOG = """\
exit codes: 0 target reached, 1 a bug in blackstart, 2 bad input, 3 refused (data or quorum at risk), 4 a node or the
API cannot be reached, 5 a gate timed out, 6 another run holds the lock, 7 a role failed, 130 interrupted (run it again)
"""


def parser() -> argparse.ArgumentParser:
    """Build the parser; verbs import what they need only when they run, so that --help is instant."""
    top = argparse.ArgumentParser(
        prog="blackstart",
        description="Turns bare-metal Arch Linux machines into a Kubernetes cluster, and restarts it after an outage.",
        epilog=EPILOG,
        formatter_class=Formatter,
        allow_abbrev=False,  # `up --yes SERIAL` must not pass for `up --yes-wipe SERIAL`
    )
    top.add_argument("--version", action="version", version=f"blackstart {__version__}")
    add_options(top, 0)
    verbs = top.add_subparsers(title="verbs", metavar="VERB", required=True)
    for module in (check, plan, up, rebuild, status, disks, report, netboot, media, completion, lab):
        module.add_parser(verbs)
    for words, below in every(top):
        below.formatter_class = Formatter
        below.epilog = epilog(" ".join(words))
        below.allow_abbrev = False
        add_options(below, len(words))
    top.set_defaults(parser=top)  # for the completion, which says what it knows
    return top


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line; argparse itself exits with 2 on bad arguments."""
    args = parser().parse_args(argv)
    merge(args)
    if args.no_color:
        os.environ["NO_COLOR"] = "1"  # rich and our own plain output both read it
    return args
