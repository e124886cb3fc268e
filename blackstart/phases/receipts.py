"""The reasons that every node-local phase has in common: never finished, other inputs, or drift. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.step import Reason

if TYPE_CHECKING:
    from blackstart.probe.observed import NodeFacts, Observed


def receipt_reasons(name: str, observed: Observed) -> list[Reason]:
    """Say, for each node that answers, why a node-local phase must be applied to it."""
    return [
        Reason(text, node.name)
        for node in observed.nodes.values()
        if node.reachable and (text := _why(name, node, observed.inputs.get((name, node.name), "")))
    ]


def _why(name: str, node: NodeFacts, today: str) -> str:
    receipt = node.receipts.get(name)
    if receipt is None:
        return "never finished there"
    if receipt.drift:
        return f"changed since it was applied: {', '.join(receipt.drift[:4])}"
    if receipt.inputs != today:
        return "the inventory, the bundle or the role changed since it was applied"
    return ""


def nodes_of(reasons: list[Reason]) -> tuple[str, ...]:
    """Return the nodes that reasons name, each once."""
    return tuple(dict.fromkeys(reason.node for reason in reasons))
