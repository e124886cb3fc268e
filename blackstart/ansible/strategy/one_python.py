"""Ansible's linear strategy with one Python per node and run, which is Mitogen's; with three of its ways changed.

Mitogen pins Ansible, its workers and every ssh to some processors and keeps one for its own exchange of messages
(ansible_mitogen/affinity.py): of two processors one is left for all else.

A connection that is lost under a module with module_utils of its own, which has a process for itself, is a failed task
to Mitogen (ansible_mitogen/planner.py); under any other module the node is unreachable. Here it always is.

A worker that is interrupted waits for Mitogen's own process, which is gone. Here it ends with Ansible.
"""

from __future__ import annotations

import ctypes
import signal
from typing import Any

import mitogen.core
from ansible.errors import AnsibleConnectionFailure
from ansible_mitogen import affinity, planner
from ansible_mitogen.plugins.strategy.mitogen_linear import StrategyModule

__all__ = ["StrategyModule"]

_invoke = planner._invoke_isolated_task  # noqa: SLF001 - there is no other way in


def invoke(invocation: Any, chosen: Any) -> Any:  # noqa: ANN401 - Mitogen ships no types
    """Run a module in a process of its own; AnsibleConnectionFailure when the way there or the process is lost."""
    try:
        return _invoke(invocation, chosen)
    except mitogen.core.ChannelError as error:
        invocation.connection.reset()
        raise AnsibleConnectionFailure(f"the connection was lost while the task ran: {error}") from error


planner._invoke_isolated_task = invoke  # noqa: SLF001 - as above


def end_with_ansible() -> None:
    """Have a worker killed when Ansible ends (prctl(2), PR_SET_PDEATHSIG): on Ctrl-C it would wait for ever."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


affinity.policy = affinity.Policy()  # assigns nothing
affinity.policy.assign_worker = end_with_ansible  # called in each worker when it starts
