"""`blackstart up`: every node to ready and the cluster to healthy, from wherever each is now."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from blackstart.cli.session import Session
    from blackstart.engine.journal import Journal
    from blackstart.step import Step


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its options."""
    parser = verbs.add_parser("up", help="take every node to ready and the cluster to healthy", description=__doc__)
    parser.add_argument(
        "--only",
        choices=("network", "gitops"),
        help="repair this layer alone (break-glass): works with the API address, DNS, pods and Argo CD down",
    )
    parser.add_argument(
        "--timeout",
        type=float,
        metavar="SECONDS",
        help="how long any one gate may stay closed (default: each phase's own, minutes)",
    )
    parser.add_argument(
        "--yes-wipe",
        action="append",
        default=[],
        metavar="SERIAL",
        help="confirm that the disk with this serial, which the inventory names with `wipe: SERIAL`, is cleared for "
        "good; may be given several times",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Hold the cluster's lock and run the steps."""
    from blackstart.cli.running import context, journaled
    from blackstart.cli.session import session
    from blackstart.engine.lock import exclusive
    from blackstart.engine.run import Run, require_reachable
    from blackstart.step import Scope
    from blackstart.verbs import ONLY, UP

    # A terminal that closes or a service that is stopped ends a run as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    steps = ONLY[args.only] if args.only else UP
    with session(args, UP, need_bundle=True) as opened, exclusive(opened.state / "lock", "up"):
        steps = _confirmed(steps, args.yes_wipe, opened)

        def work(journal: Journal) -> tuple[str, ...]:
            observed = opened.observer.look()
            # Break-glass works through whichever control plane answers; all else needs every node that it is for.
            answering = opened.observer.reachable()
            whole = any(step.scope is Scope.NODES for step in steps) or not answering
            require_reachable(observed, opened.limit if whole else answering, opened.ordered)
            return Run(context(opened, journal), steps, opened.limit, args.timeout).apply()

        return journaled(args, opened, "up", work, args.only or "")


def _confirmed(steps: tuple[Step, ...], serials: list[str], opened: Session) -> tuple[Step, ...]:
    """Hand the confirmed serials to the disk guard; raises RefusedError when one of them cannot be meant."""
    from blackstart.errors import InputError
    from blackstart.phases.disk_guard import DiskGuard, require_wishes

    if not serials:
        return steps
    if not any(isinstance(step, DiskGuard) for step in steps):
        raise InputError("--yes-wipe goes with no --only", hint="run `blackstart up --yes-wipe SERIAL` alone")
    require_wishes(opened.desired, serials, opened.limit)
    return tuple(DiskGuard(tuple(serials)) if isinstance(step, DiskGuard) else step for step in steps)
