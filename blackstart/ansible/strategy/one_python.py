"""Ansible's linear strategy with one Python per node and run, which is Mitogen's; on all processors.

Mitogen pins Ansible, its workers and every ssh to some processors and keeps one for its own exchange of messages
(ansible_mitogen/affinity.py): of two processors one is left for all else.
"""

from __future__ import annotations

from ansible_mitogen import affinity
from ansible_mitogen.plugins.strategy.mitogen_linear import StrategyModule

__all__ = ["StrategyModule"]

affinity.policy = affinity.Policy()  # assigns nothing
