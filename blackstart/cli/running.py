"""What every verb that changes something has around its work: a journal, a display, an end that is told, a report."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from blackstart.cli.session import Session
    from blackstart.engine.context import Context
    from blackstart.engine.journal import Journal


def journaled(
    args: argparse.Namespace,
    opened: Session,
    verb: str,
    work: Callable[[Journal], tuple[str, ...]],
    only: str = "",
) -> int:
    """Do the work, which returns what it applied, and print the result; the report is written whatever happens."""
    from blackstart import paths
    from blackstart.engine.journal import Journal, run_name
    from blackstart.engine.progress import progress

    journal = Journal(paths.state(opened.desired.name) / "runs" / run_name(verb))
    display = progress(verbose=args.verbose)
    journal.listen(display)
    try:
        applied, seconds = _told(opened, journal, verb, work, only)
        _say_result(args, opened, applied, seconds)
    finally:
        display.close()
        journal.close()
        _write_report(journal, args)
    return 0


def context(opened: Session, journal: Journal, *, drain_seconds: int = 300) -> Context:
    """Return what a run of this session works with."""
    from blackstart.engine.context import Context

    assert opened.bundle is not None  # noqa: S101 - the session was asked for one
    return Context(
        desired=opened.desired,
        sources=opened.sources,
        state=opened.state,
        bundle=opened.bundle,
        observer=opened.observer,
        journal=journal,
        drain_seconds=drain_seconds,
    )


def _told(
    opened: Session, journal: Journal, verb: str, work: Callable[[Journal], tuple[str, ...]], only: str
) -> tuple[tuple[str, ...], float]:
    """Write the run's beginning and its end into the journal, an error with its exit code among them."""
    from blackstart import __version__
    from blackstart.errors import BlackstartError, Exit, InterruptedRunError

    desired = opened.desired
    started = time.monotonic()
    journal.write(
        "run",
        verb=verb,
        only=only,
        cluster=desired.name,
        run=journal.folder.name,
        blackstart=__version__,
        versions=desired.versions.model_dump(),
        nodes=list(desired.node_names),
    )
    error: BlackstartError | None = None
    applied: tuple[str, ...] = ()
    try:
        applied = work(journal)
    except BlackstartError as caught:
        error = caught
    except KeyboardInterrupt:
        error = InterruptedRunError()
    if error is not None:
        journal.write("error", exit_code=int(error.exit_code), message=error.message, hint=error.hint)
    seconds = round(time.monotonic() - started, 1)
    summary = {"steps": list(applied), "nothing_to_do": not applied} if error is None else {}
    journal.write("end", exit_code=int(Exit.OK if error is None else error.exit_code), seconds=seconds, summary=summary)
    if error is not None:
        raise error
    return applied, seconds


def _say_result(args: argparse.Namespace, opened: Session, applied: tuple[str, ...], seconds: float) -> None:
    from blackstart.cli.session import document
    from blackstart.cli.status import text
    from blackstart.engine.status import status
    from blackstart.verbs import UP
    from blackstart.words import some

    seen = status(opened.desired, opened.observer.latest, UP)
    if args.json:
        summary: dict[str, Any] = {"steps": list(applied), "nothing_to_do": not applied}
        print(document({**summary, "seconds": seconds, "status": seen.document()}))
        return
    did = f"did {some(dict.fromkeys(applied))}" if applied else "nothing to do"
    print(f"{opened.desired.name} is {seen.cluster}: {did}, in {seconds:.1f} s\n{text(seen)}")


def _write_report(journal: Journal, args: argparse.Namespace) -> None:
    from blackstart.report import write

    path = write(journal.folder)
    stream = sys.stderr if args.json else sys.stdout
    print(f"report: {path}", file=stream)
