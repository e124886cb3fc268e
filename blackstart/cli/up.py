"""`blackstart up`: every node to ready and the cluster to healthy, from wherever each is now."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from blackstart.cli.session import Session
    from blackstart.phases.base import Phase


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
    """Hold the cluster's lock and run the phases."""
    from blackstart.cli.running import journaled, prepared
    from blackstart.cli.session import session
    from blackstart.engine.lock import exclusive
    from blackstart.verbs import ONLY, UP

    # A terminal that closes or a service that is stopped ends a run as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    phases = ONLY[args.only] if args.only else UP
    with session(args, UP, need_bundle=True) as opened, exclusive(opened.state / "lock", "up"):
        phases = _confirmed(phases, args.yes_wipe, opened)
        return journaled(
            args,
            opened,
            "up",
            lambda journal: prepared(opened, journal, phases, opened.limit, args.timeout).apply(),
            args.only or "",
        )


def _confirmed(phases: tuple[Phase, ...], serials: list[str], opened: Session) -> tuple[Phase, ...]:
    """Hand the confirmed serials to the disk guard; raises RefusedError when one of them cannot be meant."""
    from blackstart.errors import InputError
    from blackstart.phases.disk_guard import DiskGuard, require_wishes

    if not serials:
        return phases
    if not any(isinstance(phase, DiskGuard) for phase in phases):
        raise InputError("--yes-wipe goes with no --only", hint="run `blackstart up --yes-wipe SERIAL` alone")
    require_wishes(opened.desired, serials, opened.limit)
    return tuple(DiskGuard(tuple(serials)) if isinstance(phase, DiskGuard) else phase for phase in phases)
