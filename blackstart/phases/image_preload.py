"""Every image of the bundle in containerd, imported in the background by the node itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.phases.local import LocalPhase
from blackstart.step import Reason, Watch

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import NodeFacts, Observed

IMPORTER = "blackstart-preload.service"


class ImagePreload(LocalPhase):
    """Starts the importer where images are missing and none runs."""

    name = "image_preload"
    title = "Image import"
    timeout = 900.0
    watch = Watch(files=("/usr/local/lib/blackstart/preload", "/etc/blackstart/images.json"))

    def reasons(self, desired: Cluster, observed: Observed) -> list[Reason]:
        """Ask for it where images are missing and nothing imports them, besides what every local phase looks at."""
        found = super().reasons(desired, observed)
        known = {reason.node for reason in found}
        for node in observed.nodes.values():
            missing = observed.wanted_images - node.images
            if node.reachable and node.name not in known and missing and not self._importing(node):
                found.append(Reason(f"{len(missing)} images are missing, {min(missing)} among them", node.name))
        return found

    @staticmethod
    def _importing(node: NodeFacts) -> bool:
        unit = node.units.get(IMPORTER)
        return unit is not None and unit.active in {"active", "activating"}

    def trouble(self, desired: Cluster, observed: Observed, node: NodeFacts) -> str:  # noqa: ARG002 - base's signature
        """Images that are not there yet."""
        missing = observed.wanted_images - node.images
        if not missing:
            return ""
        doing = "importing" if self._importing(node) else f"no import runs, see journalctl -u {IMPORTER}"
        return f"{len(missing)} of {len(observed.wanted_images)} images missing, {doing}"


PHASE = ImagePreload()
