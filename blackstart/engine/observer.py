"""The eyes of a run: holds the open connections and the newest observation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from blackstart.engine.inputs import inputs
from blackstart.probe.observe import observe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from blackstart.bundle.manifest import Bundle
    from blackstart.engine.ssh import Fleet
    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import Observed
    from blackstart.step import Step


class Around(Protocol):
    """What a verb sees besides nodes and API: the power of a machine that it rebuilds, what is ordered for it."""

    def dark(self) -> Mapping[str, str]:
        """Return the nodes that have no power, by name, with who says so: they are not dialled."""

    def add(self, observed: Observed) -> Observed:
        """Return the observation with what it saw."""


class Observer:
    """Looks at nodes and API over one fleet; `latest` is what was seen last."""

    latest: Observed

    def __init__(
        self,
        desired: Cluster,
        fleet: Fleet,
        steps: Sequence[Step],
        hostvars: Mapping[str, Mapping[str, Any]],
        bundle: Bundle | None,
        sources: Sequence[Path],
    ) -> None:
        """Hash today's inputs once; they do not change during a run."""
        self.desired = desired
        self.fleet = fleet
        self._units = {unit for step in steps if step.watch for unit in step.watch.units}
        hashed = [step.name for step in steps if step.watch or step.receipt]
        self._inputs = inputs(hashed, hostvars, bundle, sources)
        self._wanted = frozenset(image.name for image in bundle.images) if bundle else frozenset()
        self.around: Around | None = None
        self._via = ""  # whose API answered last: asked first, in the same breath as the nodes

    def look(self) -> Observed:
        """Look at everything anew."""
        seen = observe(
            self.fleet,
            self.desired,
            units=self._units,
            inputs=self._inputs,
            wanted_images=self._wanted,
            via=self._via,
            dark=self.around.dark() if self.around else {},
        )
        self.latest = self.around.add(seen) if self.around else seen
        self._via = self.latest.api.via or self._via
        return self.latest

    def reachable(self) -> list[str]:
        """Return the nodes that answered at the newest look."""
        return [name for name, node in self.latest.nodes.items() if node.reachable]
