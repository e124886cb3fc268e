"""The only door to local subprocesses: no shell, LC_ALL=C.UTF-8, no inherited descriptors, output kept for errors."""

from __future__ import annotations

import os
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from blackstart.errors import BlackstartError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

_END_SECONDS = 5.0


class ProcessError(BlackstartError):
    """A local command failed; carries its exit status and the last lines it printed."""

    def __init__(self, argv: Sequence[str], status: int, output: str) -> None:
        """Show the command's name and its last lines; arguments stay out, they may be long."""
        tail = "\n".join(output.strip().splitlines()[-12:])
        super().__init__(f"{argv[0]} {' '.join(argv[1:3])} ended with status {status}:\n{tail}")
        self.status = status
        self.output = output


def _environment(extra: Mapping[str, str] | None) -> dict[str, str]:
    # C.UTF-8 and not C: bsdtar fails on file names that are not ASCII under C.
    return {**os.environ, "LC_ALL": "C.UTF-8", **(extra or {})}


def run(
    argv: Sequence[str | os.PathLike[str]],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: str | bytes | None = None,
    check: bool = True,
    timeout: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end and return it with stdout and stderr as text.

    Raises ProcessError when check is set and the command's status is not 0, or when timeout (seconds) passes.
    """
    words = [os.fspath(word) for word in argv]
    data = stdin.encode() if isinstance(stdin, str) else stdin
    try:
        done = subprocess.run(  # noqa: S603 - the one door: argv is a list, no shell
            words,
            cwd=cwd,
            env=_environment(env),
            input=data,
            stdin=subprocess.DEVNULL if data is None else None,
            capture_output=True,
            check=False,
            timeout=timeout,
        )
    except FileNotFoundError as error:
        raise ProcessError(words, 127, f"{error.filename}: not found") from error
    except subprocess.TimeoutExpired as error:
        raise ProcessError(words, 124, f"still running after {timeout} s") from error
    text = subprocess.CompletedProcess(
        words, done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    )
    if check and text.returncode != 0:
        raise ProcessError(words, text.returncode, text.stdout + text.stderr)
    return text


def follow(
    argv: Sequence[str | os.PathLike[str]],
    on_line: Callable[[str], None],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    on_start: Callable[[int], None] = lambda _group: None,
) -> None:
    """Run a command and hand each line that it prints to on_line as it comes.

    on_start gets the id of the command's process group, so that another thread can end it.
    Raises ProcessError when there is no such command, and with its last lines when its status is not 0. An exception
    in between (Ctrl-C among them) ends the command's whole process group before it goes on.
    """
    words = [os.fspath(word) for word in argv]
    lines: list[str] = []
    with _start(words, env, stdin=subprocess.DEVNULL, cwd=cwd) as process:
        try:
            on_start(process.pid)
            for line in process.stdout or ():
                lines = [*lines[-40:], line]
                on_line(line.rstrip("\n"))
        except BaseException:
            os.killpg(process.pid, 15)
            raise
    if process.returncode != 0:
        raise ProcessError(words, process.returncode, "".join(lines))


def _start(
    words: list[str], env: Mapping[str, str] | None, *, stdin: int, cwd: Path | None = None
) -> subprocess.Popen[str]:
    """Start a command whose lines are read while it runs."""
    try:
        return subprocess.Popen(  # noqa: S603 - the one door: argv is a list, no shell
            words,
            cwd=cwd,
            env=_environment(env),
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C is ours to handle
        )
    except FileNotFoundError as error:
        raise ProcessError(words, 127, f"{error.filename}: not found") from error


@contextmanager
def beside(
    argv: Sequence[str | os.PathLike[str]], on_line: Callable[[str], None], *, env: Mapping[str, str] | None = None
) -> Iterator[Callable[[], bool]]:
    """Run a command while the block runs, and end it with the block; yields what says whether it still runs.

    Each line that it prints goes to on_line, from a thread. Its standard input is open as long as this process lives.
    Raises ProcessError when there is no such command.
    """
    words = [os.fspath(word) for word in argv]
    process = _start(words, env, stdin=subprocess.PIPE)

    def listen() -> None:
        for line in process.stdout or ():
            on_line(line.rstrip("\n"))

    listener = threading.Thread(target=listen, name=words[0], daemon=True)
    listener.start()
    with process:
        try:
            yield lambda: process.poll() is None
        finally:
            process.terminate()
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            listener.join(_END_SECONDS)
