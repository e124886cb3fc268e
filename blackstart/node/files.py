"""Bring a set of small text files to the wanted state in one exchange with the node.

ansible.builtin.template and copy cost two exchanges for each file, which would be most of what the node-local roles
take. Otherwise it does what they do: whole contents, atomic replacement, validation, check mode and diff.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .command import run

if TYPE_CHECKING:
    from collections.abc import Callable

BEGIN, END = "# BEGIN blackstart", "# END blackstart"
SUFFIX = ".blackstart-new"


class InvalidError(Exception):
    """What a validation said of a new file; the old one stays."""


def with_block(before: str, content: str) -> str:
    """Return the text with our block in place of the one it had, or at its end (pure)."""
    block = f"{BEGIN}\n{content.rstrip()}\n{END}\n"
    head, found, rest = before.partition(BEGIN)
    if found:
        _, _, tail = rest.partition(f"{END}\n")
        return head + block + tail
    return (before.rstrip("\n") + "\n" if before.strip() else "") + block


def current(path: Path) -> tuple[str | None, int]:
    """Return a file's text, None when there is none, and its permissions."""
    try:
        return path.read_text(errors="replace"), stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        return None, 0


def validate(command: list[str], fresh: Path) -> None:
    """Let a command look at a new file; raises InvalidError with what it said."""
    words = [str(fresh) if word == "%s" else word for word in command]
    status, out, err = run(words) if words else (0, "", "")
    if status != 0:
        raise InvalidError("\n".join((out + err).strip().splitlines()[-6:]))


def write(path: Path, content: bytes, mode: int, valid: Callable[[Path], None]) -> None:
    """Write a file beside the old one and rename it into place: a power cut leaves one or the other.

    What is a mount by itself (/etc/hostname in a container) cannot be replaced and is written in place.
    """
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    fresh = path.with_name(path.name + SUFFIX)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            os.fchmod(descriptor, mode)
            file.flush()
            os.fsync(descriptor)
        valid(fresh)
        try:
            fresh.replace(path)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            path.write_bytes(content)
            path.chmod(mode)
    finally:
        fresh.unlink(missing_ok=True)


def difference(path: Path, before: str | None, after: str) -> dict[str, str]:
    """Return a change as Ansible shows it."""
    return {"before_header": str(path), "after_header": str(path), "before": before or "", "after": after}


def ensure(entry: dict[str, Any], valid: Callable[[Path], None], *, dry: bool) -> dict[str, str] | None:
    """Bring one file to its content and mode; return the diff, or None when it was right already."""
    path, mode = Path(entry["path"]), int(entry["mode"], 8)
    before, old_mode = current(path)
    after = with_block(before or "", entry["content"]) if entry["block"] else entry["content"]
    if (before, old_mode) == (after, mode):
        return None
    if not dry:
        write(path, after.encode(), mode, valid)
    return difference(path, before, after)


def ensure_all(
    entries: list[dict[str, Any]], valid: Callable[[dict[str, Any]], Callable[[Path], None]], *, dry: bool
) -> list[dict[str, str] | None]:
    """Bring files to their content in order; return the diffs. Raises InvalidError, after all of them were put back.

    One that is not valid may need those before it (pacman.conf includes the list of mirrors): they come or go together.
    """
    diffs: list[dict[str, str] | None] = []
    replaced: list[tuple[Path, tuple[bytes, os.stat_result] | None]] = []
    for entry in entries:
        path = Path(entry["path"])
        old = (path.read_bytes(), path.stat()) if path.exists() else None
        try:
            diffs.append(ensure(entry, valid(entry), dry=dry))
        except InvalidError as error:
            for before, was in reversed(replaced):
                put_back(before, was)
            raise InvalidError(f"{path} stays as it is, for the new one is not valid: {error}") from error
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error  # a full disk names no file
        if diffs[-1] and not dry:
            replaced.append((path, old))
    return diffs


def put_back(path: Path, old: tuple[bytes, os.stat_result] | None) -> None:
    """Undo a write, the time of the file included: by it a unit knows that it must be restarted."""
    if old is None:
        path.unlink()
        return
    content, was = old
    write(path, content, stat.S_IMODE(was.st_mode), lambda _: None)
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))


def remove(path: Path, *, dry: bool) -> dict[str, str] | None:
    """Remove one file; return the diff, or None when it was not there."""
    before, _ = current(path)
    if before is None:
        return None
    if not dry:
        path.unlink()
    return difference(path, before, "")
