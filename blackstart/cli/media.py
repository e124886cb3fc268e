"""`blackstart media NODE`: write the volume that makes the live system of Arch's official ISO ours, for NODE's order.

It is a file; dd writes it to a stick. With that stick and the ISO's the machine boots into a live system that lets only
this order's key in, and shows only this order's host key.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its options."""
    parser = verbs.add_parser("media", help="write a volume for an install from sticks", description=__doc__)
    parser.add_argument("node", metavar="NODE")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--to", type=Path, metavar="FILE", help="the new file; devices are refused")
    what.add_argument("--print-url", action="store_true", help="print where the ISO is, and its SHA-256")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the file, and say what to do with it."""
    import secrets

    from blackstart.cli.display import say
    from blackstart.cli.session import session
    from blackstart.errors import InputError
    from blackstart.metal import files, live_seed, order
    from blackstart.metal.installers import media

    with session(args, (), need_bundle=False) as opened:
        desired = opened.desired
        node = opened.node(args.node).name
        if args.print_url:
            files.require_pin(desired.netboot)
            print(f"{desired.netboot.iso_sha256}  {desired.netboot.iso_url}")
            return 0
        ordered = order.read(opened.state, node)
        if ordered is None:
            raise InputError(
                f"no install of {node} is ordered",
                hint=f"blackstart rebuild {node} orders it, and says when the stick is wanted",
            )
        told = live_seed.prepare(desired, opened.state, ordered, token=secrets.token_urlsafe(24))
        media.write(args.to, desired, ordered, told)
        for line in media.instructions(args.to, desired, ordered):
            say(line)
        print(args.to)
    return 0
