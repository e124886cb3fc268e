"""The carrier of blackstart/node: finds what a program imports there, and runs it on a node by `python3 -`.

Ansible has a carrier of its own for modules, which import the same files as ansible.module_utils.blackstart_node.*;
what such a module brings along is found here as well, for receipts (engine/inputs.py).
"""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blackstart.errors import BlackstartError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from blackstart.engine.channel import Result
    from blackstart.engine.ssh import Fleet

NODE = Path(__file__).parents[1] / "node"
PACKAGE = "blackstart.node"
# By the second one Ansible knows it (blackstart/ansible/module_utils/blackstart_node is a link).
_NAMES = (PACKAGE, "ansible.module_utils.blackstart_node")
# An import at the beginning of a line runs; one for annotations is indented. To parse all files would take 0.1 s.
_FROM = re.compile(r"^from (\S+) import (\([^)]*\)|.+)$", re.MULTILINE)
_LEAF = re.compile(r"\w+(?= as \w+)|(?<!as )\b\w+")
# Registers each source under its own name, so that imports among them and tracebacks are those of the repository.
_REGISTER = """\
import json, sys, time, types
started = time.time()
def register(name, package):
    module = sys.modules[name] = types.ModuleType(name)
    module.__package__ = package
    parent, _, leaf = name.rpartition(".")
    if parent:
        if parent not in sys.modules:
            register(parent, parent).__path__ = []
        setattr(sys.modules[parent], leaf, module)
    return module
for name, source in json.loads({sources!r}):
    module = register(name, name.rpartition(".")[0])
    exec(compile(source, name, "exec"), module.__dict__)
"""
_ONCE = """\
answer = module.main(json.loads({request!r}))
sys.stdout.write(json.dumps({{"started": started, "ended": time.time(), "answer": answer}}))
"""
# An answer to each line; it ends with its input, and when an answer takes longer than anybody waits for it.
_AGAIN = """\
import signal
for line in sys.stdin:
    started = time.time()
    signal.alarm({seconds})
    answer = module.main(json.loads(line))
    signal.alarm(0)
    print(json.dumps({{"started": started, "ended": time.time(), "answer": answer}}), flush=True)
"""
COMMAND = ("python3", "-I", "-S", "-B", "-")  # reads a script() from its standard input
_RESIDENT = ("python3", "-I", "-S", "-B", "-c", "import json, sys; exec(json.loads(sys.stdin.readline()))")
LOOK_SECONDS = 15.0
_NOT_FOUND = 127


@dataclass(frozen=True, slots=True)
class Answer:
    """What a node answered, and how far its clock is provably off ours (seconds, ahead is positive)."""

    answer: dict[str, Any]
    clock: float


@cache
def closure(program: str) -> tuple[str, ...]:
    """Return a program of blackstart/node ("disks.survey") and all that it imports there, each after what it needs."""
    return tuple(_walk(program, []))


@cache
def reached(file: Path) -> frozenset[str]:
    """Return the modules of blackstart/node that some file imports, by either name, with all that they import."""
    return frozenset(name for found in _imports(file, "") for name in closure(found))


def source(module: str) -> Path:
    """Return the file of a module of blackstart/node."""
    return NODE / f"{module.replace('.', '/')}.py"


def _walk(module: str, seen: list[str]) -> list[str]:
    if module not in seen:
        for name in _imports(source(module), f"{PACKAGE}.{module}".rpartition(".")[0]):
            _walk(name, seen)
        seen.append(module)
    return seen


def _imports(file: Path, package: str) -> Iterator[str]:
    """Yield the modules of blackstart/node that a file of a package imports when it runs."""
    for base, leaves in _FROM.findall(file.read_text()):
        full = importlib.util.resolve_name(base, package)
        # "from a import b" means a, and b as well if that is a module.
        for name in (full, *(f"{full}.{leaf}" for leaf in _LEAF.findall(leaves))):
            prefix = next((prefix for prefix in _NAMES if name.startswith(f"{prefix}.")), None)
            if prefix and source(found := name.removeprefix(f"{prefix}.")).is_file():
                yield found


def script(program: str, request: dict[str, Any]) -> bytes:
    """Pack a program of blackstart/node, all that it imports there, and a request for its main() into one script."""
    return (_register(program) + _ONCE.format(request=json.dumps(request))).encode()


def _register(program: str) -> str:
    sources = json.dumps([(f"{PACKAGE}.{name}", source(name).read_text()) for name in closure(program)])
    return _REGISTER.format(sources=sources)


@cache
def _resident(program: str) -> bytes:
    """Pack a program and all that it imports into a line that _RESIDENT reads."""
    return json.dumps(_register(program) + _AGAIN.format(seconds=round(LOOK_SECONDS))).encode()


def ask(fleet: Fleet, node: str, program: str, request: dict[str, Any]) -> Answer:
    """As send(), of a program that only looks: it is loaded once, and answers from then on in a tenth of the time."""
    before = time.time()
    line = json.dumps(request).encode()
    result = fleet.ask(node, program, _RESIDENT, _resident(program), line, timeout=LOOK_SECONDS)
    return _answer(node, result, before, time.time())


def send(fleet: Fleet, node: str, program: str, request: dict[str, Any], *, timeout: float = LOOK_SECONDS) -> Answer:
    """Run it on a node; timeout in seconds.

    Raises UnreachableError when the node cannot be asked, BlackstartError when the program fails there.
    """
    text = script(program, request)
    before = time.time()
    result = fleet.run(node, COMMAND, stdin=text, timeout=timeout, check=False)
    return _answer(node, result, before, time.time())


def _answer(node: str, result: Result, before: float, after: float) -> Answer:
    if result.status == _NOT_FOUND:
        raise UnreachableError(
            f"{node} has no python3, by which it is looked at and set up",
            hint="an installed node has it: pacman -S python",
        )
    said = read(result.out, result.err, f"looking at {node} failed with status {result.status}")
    return Answer(said["answer"], skew(before, said["started"], said["ended"], after))


def through(
    execute: Callable[..., Mapping[str, Any]], program: str, request: dict[str, Any], what: str
) -> dict[str, Any]:
    """Run it on a node by Ansible's own connection (ActionBase._low_level_execute_command); return the answer.

    Raises BlackstartError with `what` was being done and the program's last line when it fails there.
    """
    done = execute(shlex.join(COMMAND), in_data=script(program, request))
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
