"""The eyes of a run: holds the open connections and the newest observation."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from blackstart.engine.inputs import inputs
from blackstart.probe.observe import observe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from blackstart.bundle.manifest import Bundle
    from blackstart.engine.ssh import Fleet
    from blackstart.model.cluster import Cluster
    from blackstart.phases.base import Phase
    from blackstart.probe.observed import Observed


class Observer:
    """Looks at nodes and API over one fleet; `latest` is what was seen last."""

    latest: Observed

    def __init__(
        self,
        desired: Cluster,
        fleet: Fleet,
        phases: Sequence[Phase],
        hostvars: Mapping[str, Mapping[str, Any]],
        bundle: Bundle | None,
        sources: Sequence[Path],
    ) -> None:
        """Hash today's inputs once; they do not change during a run."""
        self.desired = desired
        self.fleet = fleet
        self._watch = {phase.name: phase.watch for phase in phases if phase.local}
        self._inputs = inputs((phase.name for phase in phases), hostvars, bundle, sources)
        self._wanted = frozenset(image.name for image in bundle.images) if bundle else frozenset()
        self._via = ""  # whose API answered last: asked first, in the same breath as the nodes

    def look(self, dark: Mapping[str, str] = MappingProxyType({})) -> Observed:
        """Look at everything anew, but at no node that is known to have no power (by name, with who says so)."""
        self.latest = observe(
            self.fleet,
            self.desired,
            watch=self._watch,
            inputs=self._inputs,
            wanted_images=self._wanted,
            via=self._via,
            dark=dark,
        )
        self._via = self.latest.api.via or self._via
        return self.latest

    def reachable(self) -> list[str]:
        """Return the nodes that answered at the newest look."""
        return [name for name, node in self.latest.nodes.items() if node.reachable]
