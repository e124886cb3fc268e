"""What is said over one ssh channel: a command to its end, or a program that is asked again and again."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from select import select
from typing import TYPE_CHECKING

from blackstart.errors import BlackstartError, Exit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paramiko import Channel

_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Result:
    """How a command on a node ended; status 0 and a line of a program that goes on."""

    status: int
    out: str
    err: str


class RemoteError(BlackstartError):
    """A command on a node ended with another status than 0."""

    exit_code = Exit.ROLE_FAILED

    def __init__(self, node: str, argv: Sequence[str], result: Result) -> None:
        """Show the command's name and its last lines; arguments and input stay out, they may be long or secret."""
        tail = "\n".join((result.err or result.out).strip().splitlines()[-12:])
        super().__init__(f"{argv[0]} on {node} ended with status {result.status}:\n{tail}")
        self.result = result


class Output:
    """What has come from a channel so far."""

    def __init__(self, channel: Channel) -> None:
        """Nothing yet."""
        self._channel = channel
        self.out, self.err = bytearray(), bytearray()

    def more(self, deadline: float) -> bool:
        """Take in what comes next; False when nothing will. Raises TimeoutError at the deadline (monotonic)."""
        channel = self._channel
        while True:
            ended = channel.eof_received or channel.closed  # asked first: what came before the end is read below
            if channel.recv_ready():
                self.out += channel.recv(_BLOCK)
                return True
            if channel.recv_stderr_ready():
                self.err += channel.recv_stderr(_BLOCK)
                return True
            if ended:
                return False
            if not select([channel], [], [], max(deadline - time.monotonic(), 0))[0]:
                raise TimeoutError("no answer any more")

    def result(self) -> Result:
        """Return how the command ended; EOFError when the connection was lost before it said so."""
        status = self._channel.recv_exit_status()
        if status < 0:
            raise EOFError("no exit status came")
        return Result(status, self.out.decode(errors="replace"), self.err.decode(errors="replace"))


def converse(channel: Channel, command: str, stdin: bytes, deadline: float) -> Result:
    """Run a command with this input to its end."""
    channel.settimeout(max(deadline - time.monotonic(), 0))
    channel.exec_command(command)
    try:
        channel.sendall(stdin)
    except OSError:
        if not channel.exit_status_ready():  # a command may well end without reading all of its input
            raise
    channel.shutdown_write()
    said = Output(channel)
    while said.more(deadline):
        pass
    return said.result()


class Dialogue:
    """A program that answers each line with a line, for as long as the channel is open."""

    def __init__(self, channel: Channel, command: str, first: bytes) -> None:
        """Start it; `first` is a line that it does not answer."""
        self._channel = channel
        self._said = Output(channel)
        self._lock = threading.Lock()
        channel.exec_command(command)
        channel.sendall(first + b"\n")

    def ask(self, line: bytes, deadline: float) -> Result:
        """Return its answer with status 0; when it ended instead, its status and all that it said."""
        with self._lock:
            self._channel.settimeout(max(deadline - time.monotonic(), 0))
            self._channel.sendall(line + b"\n")
            while b"\n" not in self._said.out:
                if not self._said.more(deadline):
                    return self._said.result()
            answer, _, rest = bytes(self._said.out).partition(b"\n")
            self._said.out = bytearray(rest)
            return Result(0, answer.decode(errors="replace"), "")

    def close(self) -> None:
        """End it: its input ends, and it with it."""
        self._channel.close()
