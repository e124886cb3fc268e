"""Another look before a refusal: an election, a server that starts or a busy disk is over at one of the next."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from blackstart.errors import NotWellError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
SECONDS = 15.0  # an election, and a joined member that catches up, on slow disks
PAUSE = 1.0


def retry_not_well(
    attempt: Callable[[], T],
    say: Callable[[str], None],
    *,
    seconds: float = SECONDS,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Return what an attempt returns; each is to look anew. After so many seconds the last NotWellError is raised."""
    end, told = clock() + seconds, False
    while True:
        try:
            return attempt()
        except NotWellError as error:
            if clock() >= end:
                raise
            if not told:
                say(f"{error.message}; checking again for up to {seconds:.0f} s")
                told = True
        sleep(PAUSE)
