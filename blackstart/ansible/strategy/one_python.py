"""Ansible's linear strategy with one Python per node and run, which is Mitogen's; with four of its ways changed.

Mitogen pins Ansible, its workers and every ssh to some processors and keeps one for its own exchange of messages
(ansible_mitogen/affinity.py): of two processors one is left for all else.

Mitogen forks for a module with module_utils of its own (ansible_mitogen/planner.py), since these may leave something
behind in the process. Ours leave nothing: forty calls take 5.2 s instead of 7.1 s. Besides, a connection that is lost
under a forked module is a failed task to Mitogen; under any other the node is unreachable, which is true.

Mitogen sends what a module imports by an absolute name, and not what that imports from beside it. Here it follows
relative imports as Ansible's own carrier does: blackstart/node is one package under two names.

An interrupted worker waits for Mitogen's own process, which has ended. Here it ends with Ansible.
"""

from __future__ import annotations

import ctypes
import importlib.util
import signal
from typing import TYPE_CHECKING

import mitogen.imports
from ansible_mitogen import affinity, module_finder, planner
from ansible_mitogen.plugins.strategy.mitogen_linear import StrategyModule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import CodeType

__all__ = ["StrategyModule"]

# Leaves what all kinds of modules have in common: an asynchronous task has a process of its own.
planner.NewStylePlanner.should_fork = planner.Planner.should_fork

_walk_imports = module_finder.walk_imports


def walk_imports(code: CodeType, prefix: str | None = None) -> Iterator[str]:
    """Yield what Mitogen finds, and the full names behind relative imports; code bears the name of its module."""
    yield from _walk_imports(code, prefix)
    package = code.co_filename.rpartition(".")[0]
    inside = f"{prefix}."
    for level, name, leaves in mitogen.imports.codeobj_imports(code):
        if level < 1 or not package.startswith(inside):
            continue
        full = importlib.util.resolve_name("." * level + name, package)
        parts = full.removeprefix(inside).split(".")
        # A package comes before what is in it.
        yield from (inside + ".".join(parts[:count]) for count in range(1, len(parts) + 1))
        yield from (f"{full}.{leaf}" for leaf in leaves)


module_finder.walk_imports = walk_imports


def end_with_ansible() -> None:
    """Have a worker killed when Ansible ends (prctl(2), PR_SET_PDEATHSIG): on Ctrl-C it would wait forever."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


affinity.policy = affinity.Policy()  # assigns nothing
affinity.policy.assign_worker = end_with_ansible  # called in each worker when it starts
