"""The command line as a whole: global options and the verbs, each in a file of its own."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from blackstart import __version__
from blackstart.cli import check, disks, lab, media, netboot, plan, rebuild, report, status, up

if TYPE_CHECKING:
    from collections.abc import Sequence

EPILOG = """\
exit codes: 0 target reached, 1 a bug of ours, 2 bad input, 3 refused (data or quorum at risk), 4 a node or the API
cannot be reached, 5 a gate timed out, 6 another run holds the lock, 7 a role failed, 130 interrupted (run it again)
"""


def parser() -> argparse.ArgumentParser:
    """Build the parser; verbs import what they need only when they run, so that --help is instant."""
    top = argparse.ArgumentParser(
        prog="blackstart",
        description="Takes bare-metal Arch Linux machines to a healthy Kubernetes cluster, and back from dark.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"blackstart {__version__}")
    top.add_argument(
        "-i",
        "--inventory",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="inventory folder; may be given several times, later ones overlay earlier ones "
        "(default: the only cluster under ./inventory)",
    )
    top.add_argument("--limit", metavar="NODE[,NODE]", help="work on these nodes only")
    top.add_argument("--yes", action="store_true", help="do not ask before a running cluster is changed")
    top.add_argument("--json", action="store_true", help="print one JSON document on stdout, all else on stderr")
    top.add_argument("--verbose", action="store_true", help="show every task of every role")
    top.add_argument("--no-color", action="store_true", help="plain text (as does NO_COLOR)")
    verbs = top.add_subparsers(title="verbs", metavar="VERB", required=True)
    for module in (check, plan, up, rebuild, status, disks, report, netboot, media, lab):
        module.add_parser(verbs)
    return top


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line; argparse itself exits with 2 on bad arguments."""
    args = parser().parse_args(argv)
    if args.no_color:
        os.environ["NO_COLOR"] = "1"  # rich and our own plain output both read it
    return args
