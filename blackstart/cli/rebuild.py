"""`blackstart rebuild NODE`: one node from bare metal, under the same name, while the cluster goes on."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from blackstart.cli.session import Session
    from blackstart.engine.journal import Journal
    from blackstart.model.cluster import Node
    from blackstart.rebuild.begin import Surroundings
    from blackstart.rebuild.view import View


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its options."""
    parser = verbs.add_parser(
        "rebuild", help="one node from bare metal, under the same name, while the cluster goes on", description=__doc__
    )
    parser.add_argument("node", metavar="NODE", help="the node's name in the inventory")
    parser.add_argument("--plan", action="store_true", help="show the path for this node now, with reasons; no changes")
    parser.add_argument(
        "--yes",
        dest="confirmed",
        metavar="NAME",
        help="the node's name once more: its boot disk is erased without a question",
    )
    parser.add_argument(
        "--withdraw", action="store_true", help="give up a rebuild that was begun; what is done is not undone"
    )
    parser.add_argument(
        "--drain-timeout",
        type=int,
        default=300,
        metavar="SECONDS",
        help="how long its pods may take to move, their disruption budgets respected (default: 300)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Hold the cluster's lock, look, ask, and run the steps."""
    from blackstart.cli.running import journaled
    from blackstart.cli.session import session
    from blackstart.engine.lock import exclusive
    from blackstart.errors import RefusedError
    from blackstart.metal import order as orders
    from blackstart.verbs import REBUILD

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with session(args, REBUILD, need_bundle=not args.plan) as opened:
        node = _node(opened, args.node)
        opened.observer.around = _surroundings(opened, node)
        if args.plan:
            return _plan(args, opened, node)
        if args.confirmed not in {None, node.name}:
            raise RefusedError(
                f"--yes {args.confirmed} does not confirm the rebuild of {node.name}; nothing was changed",
                hint=f"both names must be the same: rebuild {node.name} --yes {node.name}",
            )
        with exclusive(opened.state / "lock", f"rebuild {node.name}"):
            if args.withdraw:
                orders.close(opened.state, node.name)
                print(f"nothing is ordered for {node.name} any more", file=sys.stderr)
                return 0
            _begin(args, opened, node)
            return journaled(args, opened, "rebuild", lambda journal: _rebuild(args, opened, node, journal))


def _node(opened: Session, name: str) -> Node:
    """Return the node that is meant; InputError when there is none, or its boot disk's serial number is not known."""
    from blackstart.errors import InputError

    node = opened.node(name)
    if not node.disks.boot.serial:
        raise InputError(
            f"the inventory does not say the serial number of {name}'s boot disk, and that disk alone may be erased",
            hint=f"on {name}: lsblk --nodeps -o NAME,SERIAL,SIZE; then disks.boot.serial in host_vars/{name}.yml",
        )
    return node


def _surroundings(opened: Session, node: Node) -> Surroundings:
    from blackstart import power
    from blackstart.rebuild.begin import Surroundings

    return Surroundings(node.name, opened.state, power.driver(opened.desired, node.name))


def _plan(args: argparse.Namespace, opened: Session, node: Node) -> int:
    """Show every step: what it would do from here and why, or what refuses it."""
    from blackstart.cli.plan import text
    from blackstart.cli.session import document
    from blackstart.engine.plan import preview
    from blackstart.verbs import REBUILD

    todos = preview(REBUILD, opened.desired, opened.observer.look(), (node.name,))
    if args.json:
        print(document({"node": node.name, "steps": [todo.event() for todo in todos]}))
    else:
        print(f"the path of a rebuild of {node.name} from here:\n{text(todos)}")
    return 0


def _begin(args: argparse.Namespace, opened: Session, node: Node) -> None:
    """See that it may begin and have it confirmed, before a display takes the terminal."""
    import secrets
    import time

    from blackstart.rebuild.begin import begin

    begin(
        opened.desired,
        opened.observer,
        opened.state,
        lambda seen: _confirm(args, node, seen),
        lambda line: print(line, file=sys.stderr),
        order_id=secrets.token_hex(8),
        now=time.time(),
    )


def _rebuild(args: argparse.Namespace, opened: Session, node: Node, journal: Journal) -> tuple[str, ...]:
    from blackstart.cli.running import context
    from blackstart.engine.run import Run
    from blackstart.verbs import REBUILD

    return Run(context(opened, journal, drain_seconds=args.drain_timeout), REBUILD, (node.name,)).apply()


def _confirm(args: argparse.Namespace, node: Node, seen: View) -> None:
    """Have a person name the node and the disk that is erased; RefusedError when nobody does."""
    from blackstart.errors import RefusedError

    if args.confirmed == node.name:
        return
    fine = "it is Ready now" if seen.kube is not None and seen.kube.ready else "it is not Ready now"
    wanted = f"{node.name} {node.disks.boot.serial}"
    hint = f"blackstart rebuild {node.name} --plan shows the path; --yes {node.name} confirms without a question"
    if not sys.stdin.isatty():
        raise RefusedError(f"the rebuild of {node.name} was not confirmed ({fine})", hint=hint)
    print(
        f"{node.name} is taken out of the cluster ({fine}) and its boot disk {node.disks.boot.id} is erased.\n"
        f"Other disks are not touched. Type its name and that disk's serial number to go on ({wanted}): ",
        end="",
        file=sys.stderr,
        flush=True,
    )
    if sys.stdin.readline().split() != wanted.split():
        raise RefusedError(f"what was typed is not {wanted!r}; nothing was changed", hint=hint)
