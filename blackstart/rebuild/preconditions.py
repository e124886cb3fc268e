"""What must hold around a rebuild: the other nodes are well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.errors import NotWellError, RefusedError
from blackstart.phases.reboot import unfit
from blackstart.rebuild.view import RebuildStep

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster
    from blackstart.rebuild.view import View


class Preconditions(RebuildStep):
    """Every other node is well, as long as the old one is still to be taken out: asked again before each step."""

    name = "preconditions"
    title = "Check that the other nodes are well"

    def why(self, desired: Cluster, seen: View) -> list[str]:
        """Return nothing to do; raises what require_well() raises."""
        if not seen.renewed:
            require_well(desired, seen)
        return []


def require_well(desired: Cluster, seen: View) -> None:
    """Raise RefusedError, or NotWellError, with everything that is not well around the node."""
    others = [name for name in desired.node_names if name != seen.node and seen.nodes[name].is_member]
    if len(others) < len(desired.node_names) - 1 or not others:
        missing = [name for name in desired.node_names if name != seen.node and name not in others]
        found = f"{', '.join(missing)} is no member" if missing else f"{seen.node} is the only node"
        raise RefusedError(
            f"{seen.node} can only be rebuilt while every other node is a member; found: {found}"
            + "".join(f"\n{name}: {error}" for name in missing if (error := seen.nodes[name].error)),
            hint="bring the others up first: `blackstart status` shows them, `blackstart up` mends them",
        )
    if why := unfit(desired, seen, seen.node):
        raise NotWellError(
            f"{seen.node} cannot be rebuilt now, the cluster needs it:\n" + "\n".join(why),
            hint="bring those back first (`blackstart status` shows all of them), then run the same again; "
            "nothing was changed by this step",
        )


STEP = Preconditions()
