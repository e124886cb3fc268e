"""Proves a disk blank by reading it: both ends, every place where a format keeps copies, and samples of the rest.

blkid and wipefs know where formats begin. Data whose beginning is lost, or that never had one (raw, encrypted), they
call blank; so any byte that is not zero counts as data.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from .reader import ALIGNMENT, Reader, Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

END = 16 << 20
# 4096 pieces, one at random in each 4096th of the disk: in 2 TB any run of 1 GiB is met for certain (the formula is in
# blackstart/disks/sampling.py), and six NVMe disks take well under two seconds. A spinning disk seeks 10 ms for each.
SAMPLE = 16 << 10
SAMPLES = 4096
SAMPLES_OF_SPINNING = 512


def unread(why: str) -> dict[str, Any]:
    """Return the fields of Blank for a disk that was not read."""
    nothing = {"nonzero_at": None, "error_at": None, "samples": 0, "sample_bytes": 0}
    return {"looked": False, "full": False, "read_bytes": 0, "why": why, **nothing}


def failing(at: int) -> dict[str, Any]:
    """Return the fields of Blank for a disk that failed while its marks were looked for."""
    return {**unread(""), "looked": True, "error_at": at}


def look(
    disk: Reader, copies: Iterable[int], *, seed: str, full: bool = False, spinning: bool = False
) -> dict[str, Any]:
    """Read until something else than zero or an unreadable sector is met; return the fields of Blank.

    `copies` are offsets in bytes; `seed` decides where the samples lie; `full` reads everything.
    """
    count = SAMPLES_OF_SPINNING if spinning else SAMPLES
    rest = disk.size - 2 * END
    full = full or rest <= count * SAMPLE
    found: dict[str, Any] = {**unread(""), "looked": True, "full": full}
    if not full:
        found.update(samples=count, sample_bytes=SAMPLE)
    for offset, length in [(0, disk.size)] if full else places(disk.size, copies, count, seed):
        try:
            found["nonzero_at"] = disk.nonzero(offset, length)
        except Unreadable as error:
            found["error_at"] = error.at
        if found["nonzero_at"] is not None or found["error_at"] is not None:
            break
        found["read_bytes"] += min(length, disk.size - offset)
    return found


def places(size: int, copies: Iterable[int], count: int, seed: str) -> Iterator[tuple[int, int]]:
    """Yield (offset, length) of what is read: copies, ends, then one sample in each of `count` equal parts between."""
    for copy in sorted({at - at % ALIGNMENT for at in copies if END <= at < size - END}):
        yield copy, ALIGNMENT
    yield 0, END
    last = size - END
    last -= last % ALIGNMENT
    yield last, size - last
    spread = random.Random(seed)  # noqa: S311 - spread, not secrecy
    for part in range(count):
        begin, end = ((last - END) // ALIGNMENT * number // count for number in (part, part + 1))
        yield END + ALIGNMENT * spread.randrange(begin, max(end - SAMPLE // ALIGNMENT, begin) + 1), SAMPLE
