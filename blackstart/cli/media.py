"""Write the second stick's volume for an installation from sticks: keys and settings of NODE's order.

The result is a file; write it to a stick with dd. With that stick and the one with Arch's official ISO the machine
boots a live system that accepts only this order's ssh key and shows only this order's host key.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its options."""
    parser = verbs.add_parser("media", help="write the volume for an installation from sticks", description=__doc__)
    parser.add_argument("node", metavar="NODE", help="the node's name in the inventory")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--to", type=Path, metavar="FILE", help="the new file; devices and existing files are refused")
    what.add_argument("--print-url", action="store_true", help="print where the ISO is, and its SHA-256")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the file, and print what to do with it."""
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
                f"there is no order to install {node}",
                hint=f"blackstart rebuild {node} creates it, and says when the stick is needed",
            )
        told = live_seed.prepare(desired, opened.state, ordered, token=secrets.token_urlsafe(24))
        media.write(args.to, desired, ordered, told)
        for line in media.instructions(args.to, desired, ordered):
            say(line)
        print(args.to)
    return 0
