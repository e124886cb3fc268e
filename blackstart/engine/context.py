"""What a run works with, handed to every step that acts by itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from blackstart.bundle.manifest import Bundle
    from blackstart.engine.journal import Journal
    from blackstart.engine.observer import Observer
    from blackstart.engine.runner import Runner
    from blackstart.engine.ssh import Fleet
    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import Observed
    from blackstart.step import Play


@dataclass(frozen=True, slots=True)
class Context:
    """One inventory, its bundle, the open connections and the journal of one run.

    `state` is the cluster's state folder; `drain_seconds` is how long a node's pods may take to move.
    """

    desired: Cluster
    sources: Sequence[Path]
    state: Path
    bundle: Bundle
    observer: Observer
    journal: Journal
    drain_seconds: int = 300
    # The environment in which runs are forked off an Ansible that is loaded (engine/prefork.py), while there is one.
    prefork: dict[str, str] = field(default_factory=dict)

    @property
    def fleet(self) -> Fleet:
        """The connections to the nodes."""
        return self.observer.fleet

    def say(self, text: str) -> None:
        """Tell people something: on the screen and in the report."""
        self.journal.write("note", text=text)

    def runner(self, folder: Path | None = None) -> Runner:
        """Return what runs playbooks, with the key and known_hosts of a folder (default: the cluster's own)."""
        # Imported and made only when there is something to run: a no-op pays for neither Ansible nor collections.
        from blackstart.engine.galaxy import ensure  # noqa: PLC0415 - see above
        from blackstart.engine.runner import Runner  # noqa: PLC0415 - see above

        return Runner(self.sources, folder or self.state, self.journal, ensure(), self.prefork)

    def play(self, play: Play) -> None:
        """Run one playbook to its end. Raises what Runner.play() raises."""
        self.runner().play([play], {})


class Acting(Protocol):
    """What a step of scope HERE has besides."""

    def apply(self, context: Context, observed: Observed) -> None:
        """Act. Whatever was reached stays, and the next run goes on from there."""
