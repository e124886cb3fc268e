"""The entry point: parse, dispatch, print an error once, exit with its code."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

from blackstart.cli.main import parse
from blackstart.errors import BlackstartError, Exit

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code (see errors.Exit)."""
    # A shell starts what it puts in the background with Ctrl-C ignored; a run must be stoppable there too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    args = parse(argv)
    try:
        status: int = args.run(args)
    except BlackstartError as error:
        _show(error.message, error.hint)
        return int(error.exit_code)
    except KeyboardInterrupt:
        _show("interrupted", "nothing is lost: run the same command again to go on")
        return int(Exit.INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()  # the reader went away (a pager, head): that is no error of ours
        return int(Exit.OK)
    return status


def _show(message: str, hint: str) -> None:
    sys.stderr.write(f"blackstart: {message}\n")
    for line in hint.splitlines():
        sys.stderr.write(f"  -> {line}\n")


if __name__ == "__main__":
    sys.exit(main())
