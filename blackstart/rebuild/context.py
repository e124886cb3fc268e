"""Putting together what a rebuild works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart import power
from blackstart.metal.installers import installer
from blackstart.rebuild.base import Works

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from blackstart.cli.session import Session
    from blackstart.engine.journal import Journal
    from blackstart.engine.runner import Runner
    from blackstart.model.cluster import Node
    from blackstart.phases.base import Play


def gather(
    opened: Session,
    node: Node,
    journal: Journal | None,
    *,
    say: Callable[[str], None] | None = None,
    drain_seconds: int = 0,
) -> Works:
    """Return what the rebuild of this node works with; without a journal it can only look, and says things to `say`."""

    def note(line: str) -> None:
        if say is not None:
            say(line)
        elif journal is not None:
            journal.write("note", text=line)

    def runner(folder: Path) -> Runner:
        # Ansible is imported only when there is something to run.
        from blackstart.engine.galaxy import ensure  # noqa: PLC0415 - see above
        from blackstart.engine.runner import Runner  # noqa: PLC0415 - see above

        assert journal is not None  # noqa: S101 - a plan runs nothing
        return Runner(opened.sources, folder, journal, ensure())

    def play(one: Play) -> None:
        runner(opened.state).play([one], {})

    return Works(
        desired=opened.desired,
        node=node.name,
        state=opened.state,
        observer=opened.observer,
        driver=power.driver(opened.desired, node.name),
        installer=installer(node),
        runner=runner,
        play=play,
        say=note,
        drain_seconds=drain_seconds,
    )
