"""Sends a module of probe/node with its request to `python3 -` on a node, and reads the one JSON document it prints."""

from __future__ import annotations

import json
import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blackstart.errors import BlackstartError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from blackstart.engine.ssh import Fleet

_ROOM = Path(__file__).parent / "node"
_PACKAGE = "blackstart.probe.node"
# Each module after those that it imports.
PARTS = {
    "machine": ("ask", "board", "https", "etcd", "gpu", "managed", "verdicts", "machine"),
    "managed": ("ask", "managed"),
    "api": ("ask", "https", "objects", "pods", "applications", "api"),
    "disks": (
        *("ask", "board", "disk_read", "disk_blank", "disk_labels", "disk_marks", "disk_uses", "disk_names"),
        "disks",
    ),
}
# Registers each source under its own name, so that imports among them and tracebacks are those of the repository.
_LOADER = """\
import time
started = time.time()
import json, sys, types
package = sys.modules["{package}"] = types.ModuleType("{package}")
for name, source in json.loads({sources!r}):
    module = sys.modules["{package}." + name] = types.ModuleType("{package}." + name)
    setattr(package, name, module)
    exec(compile(source, name + ".py", "exec"), module.__dict__)
answer = module.main(json.loads({request!r}))
sys.stdout.write(json.dumps({{"started": started, "ended": time.time(), "answer": answer}}))
"""
COMMAND = ("python3", "-I", "-S", "-B", "-")  # reads a script() from its standard input
_NOT_FOUND = 127


@dataclass(frozen=True, slots=True)
class Answer:
    """What a node answered, and how far its clock is provably off ours (seconds, ahead is positive)."""

    answer: dict[str, Any]
    clock: float


def script(part: str, request: dict[str, Any], *, program: Path | None = None) -> bytes:
    """Pack a module of probe/node, those that it imports and its request into one script.

    The request goes to the part itself or, when there is one, to a program of a role that imports the part's modules.
    """
    sources = [(name, (_ROOM / f"{name}.py").read_text()) for name in PARTS[part]]
    sources += [(program.stem, program.read_text())] if program else []
    return _LOADER.format(package=_PACKAGE, sources=json.dumps(sources), request=json.dumps(request)).encode()


def send(fleet: Fleet, node: str, part: str, request: dict[str, Any], *, timeout: float = 15.0) -> Answer:
    """Run it on a node; timeout in seconds.

    Raises UnreachableError when the node cannot be asked, BlackstartError when the program fails there.
    """
    text = script(part, request)
    before = time.time()
    result = fleet.run(node, COMMAND, stdin=text, timeout=timeout, check=False)
    after = time.time()
    if result.status == _NOT_FOUND:
        raise UnreachableError(
            f"{node} has no python3, by which it is looked at and set up",
            hint="an installed node has it: pacman -S python",
        )
    said = read(result.out, result.err, f"looking at {node} failed with status {result.status}")
    return Answer(said["answer"], skew(before, said["started"], said["ended"], after))


def through(
    execute: Callable[..., Mapping[str, Any]],
    part: str,
    request: dict[str, Any],
    what: str,
    *,
    program: Path | None = None,
) -> dict[str, Any]:
    """Run it on a node by Ansible's own connection (ActionBase._low_level_execute_command); return the answer.

    Raises BlackstartError with `what` was being done and the program's last line when it fails there.
    """
    done = execute(shlex.join(COMMAND), in_data=script(part, request, program=program))
    said = read(done["stdout"], done.get("stderr") or "", f"{what} failed with status {done['rc']}")
    answer: dict[str, Any] = said["answer"]
    return answer


def read(out: str, err: str, failure: str) -> dict[str, Any]:
    """Return the document that a script() printed; raises BlackstartError with failure and its last line instead."""
    try:
        said: dict[str, Any] = json.loads(out)
    except ValueError as error:
        tail = (err or out).strip().splitlines()[-1:] or ["no output"]
        raise BlackstartError(f"{failure}: {tail[0]}") from error
    return said


def skew(before: float, started: float, ended: float, after: float) -> float:
    """Return the smallest clock difference that explains the four times: 0 when they fit equal clocks.

    A slow start of the program on a busy node is no skew, so the difference lies between two bounds.
    """
    least, most = ended - after, started - before
    return least if least > 0 else min(most, 0.0)
