"""`blackstart up`: every node to ready and the cluster to healthy, from wherever each is now."""

from __future__ import annotations

import signal
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    from blackstart.cli.session import Session
    from blackstart.engine.journal import Journal
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
    """Hold the cluster's lock, run the phases, write the report whatever happens."""
    from blackstart import paths
    from blackstart.cli.session import session
    from blackstart.engine.journal import Journal, run_name
    from blackstart.engine.lock import exclusive
    from blackstart.engine.progress import progress
    from blackstart.verbs import ONLY, UP

    # A terminal that closes or a service that is stopped ends a run as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    phases = ONLY[args.only] if args.only else UP
    with session(args, UP, need_bundle=True) as opened, exclusive(opened.state / "lock", "up"):
        phases = _confirmed(phases, args.yes_wipe, opened)
        journal = Journal(paths.state(opened.desired.name) / "runs" / run_name("up"))
        display = progress(verbose=args.verbose)
        journal.listen(display)
        try:
            return _journaled(args, opened, journal, phases)
        finally:
            display.close()
            journal.close()
            _write_report(journal, args)


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


def _journaled(args: argparse.Namespace, opened: Session, journal: Journal, phases: tuple[Phase, ...]) -> int:
    from blackstart import __version__
    from blackstart.errors import BlackstartError, Exit, InterruptedRunError

    desired = opened.desired
    started = time.monotonic()
    journal.write(
        "run",
        verb="up",
        only=args.only or "",
        cluster=desired.name,
        run=journal.folder.name,
        blackstart=__version__,
        versions=desired.versions.model_dump(),
        nodes=list(desired.node_names),
    )
    error: BlackstartError | None = None
    summary: dict[str, Any] = {}
    try:
        applied = _apply(opened, journal, phases, args.timeout)
        summary = {"steps": list(applied), "nothing_to_do": not applied}
    except BlackstartError as caught:
        error = caught
    except KeyboardInterrupt:
        error = InterruptedRunError("interrupted", hint="nothing is lost: run the same command to go on")
    status = Exit.OK if error is None else error.exit_code
    if error is not None:
        journal.write("error", exit_code=int(status), message=error.message, hint=error.hint)
    seconds = round(time.monotonic() - started, 1)
    journal.write("end", exit_code=int(status), seconds=seconds, summary=summary)
    if error is not None:
        raise error
    _say_result(args, opened, summary, seconds)
    return int(status)


def _apply(opened: Session, journal: Journal, phases: tuple[Phase, ...], timeout: float | None) -> tuple[str, ...]:
    from blackstart.engine.run import Run

    assert opened.bundle is not None  # noqa: S101 - the session was asked for one
    return Run(
        desired=opened.desired,
        sources=opened.sources,
        phases=phases,
        looker=opened.looker,
        journal=journal,
        bundle=opened.bundle,
        limit=opened.limit,
        timeout=timeout,
    ).apply()


def _say_result(args: argparse.Namespace, opened: Session, summary: dict[str, Any], seconds: float) -> None:
    from blackstart.cli.session import document
    from blackstart.cli.status import text
    from blackstart.probe.state import status
    from blackstart.verbs import UP

    seen = status(opened.desired, opened.looker.latest, UP)
    if args.json:
        print(document({**summary, "seconds": seconds, "status": seen.document()}))
        return
    did = "nothing to do" if summary["nothing_to_do"] else f"did {', '.join(summary['steps'])}"
    print(f"{opened.desired.name} is {seen.cluster}: {did}, in {seconds:.1f} s\n{text(seen)}")


def _write_report(journal: Journal, args: argparse.Namespace) -> None:
    from blackstart.report import write

    path = write(journal.folder)
    stream = sys.stderr if args.json else sys.stdout
    print(f"report: {path}", file=stream)
