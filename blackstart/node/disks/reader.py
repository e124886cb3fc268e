"""Reads a disk past the page cache, and never opens one for writing."""

from __future__ import annotations

import errno
import mmap
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

# A multiple of every sector size in use: what O_DIRECT asks of offset, length and buffer (open(2)).
ALIGNMENT = 4096
CHUNK = 1 << 20
_ZEROS = bytes(CHUNK)


class Unreadable(Exception):  # noqa: N818 - what a failing disk answers is a finding here
    """A sector cannot be read; `at` is its offset in bytes."""

    def __init__(self, at: int) -> None:
        """Keep the offset."""
        super().__init__(f"cannot be read at byte {at}")
        self.at = at


class Reader:
    """One disk (or an image of one), open for reading; `size` in bytes."""

    def __init__(self, path: str, size: int, sector: int = 512) -> None:
        """Open it; raises OSError when that fails."""
        self.size = size
        self._sector = sector
        self._buffer = mmap.mmap(-1, CHUNK)
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            self._file = os.open(path, flags | os.O_DIRECT)
        except OSError as error:
            if error.errno != errno.EINVAL:  # a file system without O_DIRECT says this; a disk never does
                raise
            self._file = os.open(path, flags)

    def __enter__(self) -> Reader:  # noqa: PYI034 - typing.Self came with Python 3.11
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        os.close(self._file)
        self._buffer.close()

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes at an offset, fewer at the disk's end; length at most half a MiB. Raises Unreadable."""
        start = offset - offset % ALIGNMENT
        got = self._fill(start, offset + length - start)
        return self._buffer[offset - start : min(offset - start + length, got)]

    def nonzero(self, offset: int, length: int) -> int | None:
        """Return where the first byte that is not zero is, None when there is none. Raises Unreadable."""
        end = min(offset + length, self.size)
        while offset < end:
            wanted = min(CHUNK, end - offset)
            got = min(self._fill(offset, wanted), wanted)
            if got <= 0:
                break
            data = self._buffer[:got]
            if data != _ZEROS[:got]:
                return offset + got - len(data.lstrip(b"\0"))
            offset += got
        return None

    def _fill(self, start: int, length: int) -> int:
        """Read into the buffer what begins at an aligned offset; return how many bytes came."""
        wanted = min(-(-length // ALIGNMENT) * ALIGNMENT, max(self.size - start, 0), CHUNK)
        if wanted <= 0:
            return 0
        try:
            return os.preadv(self._file, [memoryview(self._buffer)[:wanted]], start)
        except OSError as error:
            raise Unreadable(self._first_bad(start, wanted)) from error

    def _first_bad(self, start: int, length: int) -> int:
        """Find the first sector that cannot be read; the start of the piece when each sector can be read alone."""
        for at in range(start, start + length, self._sector):
            try:
                os.preadv(self._file, [memoryview(self._buffer)[: self._sector]], at)
            except OSError:  # noqa: PERF203 - the one that fails is looked for
                return at
        return start
