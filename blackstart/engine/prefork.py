"""An Ansible that is loaded once for all runs of a verb: each is a fork of it, which saves its start."""

from __future__ import annotations

import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from blackstart.engine import process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blackstart.engine.context import Context


@contextmanager
def prefork(context: Context) -> Iterator[None]:
    """Have runs of this context forked off a loaded Ansible while the block runs (blackstart/ansible/prefork.py).

    Nothing waits for it: a run that finds no server yet, or none any more, starts Ansible itself.
    """
    settings = context.runner().settings()
    with tempfile.TemporaryDirectory(prefix="blackstart-") as folder:
        path = Path(folder) / "prefork.sock"
        real = Path(sys.executable).with_name("ansible-playbook")
        mine = {"BLACKSTART_PREFORK": str(path), "BLACKSTART_ANSIBLE_PLAYBOOK": str(real)}
        argv = [sys.executable, "-m", "blackstart.ansible.prefork", str(path)]
        with process.beside(argv, lambda _line: None, env=settings):
            context.prefork.update(mine)
            try:
                yield
            finally:
                context.prefork.clear()
