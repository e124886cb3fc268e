"""The whole path of a rebuild as it would be gone now, for people: every leg, with its reasons or why it is past."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blackstart.errors import RefusedError
from blackstart.rebuild.preconditions import require_well

if TYPE_CHECKING:
    from collections.abc import Sequence

    from blackstart.model.cluster import Cluster
    from blackstart.phases.base import Phase
    from blackstart.rebuild.base import Leg, Seen


def path(
    desired: Cluster, seen: Seen, before: Sequence[Leg], phases: Sequence[Phase], after: Sequence[Leg]
) -> list[dict[str, Any]]:
    """Return each step with `name`, `title`, `reasons` and `refused`; what is past has no reasons. Pure.

    What comes after the installation is not seen yet: its steps are those of `up` on an empty node.
    """
    first = {"name": "others", "title": "Every other node is well; asked again before each step", "reasons": []}
    steps: list[dict[str, Any]] = [{**first, "refused": "" if seen.renewed else _refusal(desired, seen)}]
    steps += [{"name": leg.name, "title": leg.title, **_reasons(leg, desired, seen)} for leg in before]
    later = {True: "on the new system", False: "as far as the cluster then asks for it"}
    steps += [
        {"name": phase.name, "title": phase.title, "reasons": [later[phase.local]], "refused": ""} for phase in phases
    ]
    steps += [{"name": leg.name, "title": leg.title, "reasons": ["at the end"], "refused": ""} for leg in after]
    return steps


def text(node: str, steps: Sequence[dict[str, Any]]) -> str:
    """Write the path out: what is refused first, then what would be done, then what is past."""
    lines = [f"the path of a rebuild of {node} from here:"]
    for number, step in enumerate(steps, 1):
        lines.append(f"{number:2}. {step['name']}: {step['title']}")
        said = [f"REFUSED: {step['refused']}"] if step["refused"] else step["reasons"]
        lines += [f"      {line}" for text in said for line in text.splitlines()]
    return "\n".join(lines)


def _reasons(leg: Leg, desired: Cluster, seen: Seen) -> dict[str, Any]:
    try:
        return {"reasons": leg.reasons(desired, seen), "refused": ""}
    except RefusedError as error:
        return {"reasons": [], "refused": error.message}


def _refusal(desired: Cluster, seen: Seen) -> str:
    try:
        require_well(desired, seen)
    except RefusedError as error:
        return error.message
    return ""
