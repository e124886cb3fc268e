"""Several questions at once: waiting is most of what a look does."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def together(jobs: dict[str, tuple[Any, ...]]) -> dict[str, Any]:
    """Call each job (a function, then its arguments) in a thread of its own; return the results by name.

    The first exception of any job is raised once all have ended.
    """
    results: dict[str, Any] = {}
    failures: list[BaseException] = []

    def run(name: str, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        try:
            results[name] = function(*arguments)
        except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that waits
            failures.append(error)

    threads = [threading.Thread(target=run, args=(name, job[0], job[1:])) for name, job in jobs.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results
