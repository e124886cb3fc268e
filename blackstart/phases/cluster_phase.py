"""What the phases that act on the cluster, and not on a node, have in common. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blackstart.errors import UnreachableError
from blackstart.step import Play, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable

    from blackstart.probe.observed import Observed, Workload
    from blackstart.step import Healed


def acting(observed: Observed) -> str:
    """Return the node to act from: the first whose own API server is ready, so that VIP and DNS may be down.

    Raises UnreachableError with what each member's API server said when there is none.
    """
    if observed.with_api:
        return observed.with_api[0]
    said = [f"{node.name}: {node.api_error or node.error or 'not a member'}" for node in observed.nodes.values()]
    raise UnreachableError(
        "no control plane's own API server answers:\n" + "\n".join(said),
        hint="on a member look at `journalctl -u kubelet` and `ctr -n k8s.io containers ls`; etcd needs a majority",
    )


def act(name: str, node: str, healed: Iterable[Healed] = (), **variables: Any) -> Play:  # noqa: ANN401 - a role's own
    """Return the play of a phase that acts on the cluster from one node, with its role's variables."""
    return Play(name, (node,), {"acting_node": node, **variables}, tuple(healed))


def unseen(observed: Observed, missing: str) -> list[Reason]:
    """Return the reason of a phase that cannot be looked at because no API answers.

    Before there is a cluster that is what is missing. With members about, the API is awaited (the phase needs its
    gate) and the phase looked at again, so this reason may well dissolve.
    """
    if observed.api.reachable:
        return []
    if any(node.is_member or node.has_etcd_data for node in observed.nodes.values()):
        return [Reason(f"no API answers yet, so it cannot be seen whether {missing}")]
    return [Reason(missing)]


def inputs_changed(name: str, observed: Observed) -> list[Reason]:
    """Return a reason when the phase was never finished, or was with other inputs than today's."""
    today = observed.inputs.get((name, ""))
    then = observed.api.receipts.get(name)
    if then is None:
        return [Reason("there is no receipt that it was ever finished")]
    return [] if then == today else [Reason("the inventory, the bundle or its files changed since it was applied")]


def workload(observed: Observed, namespace: str, name: str) -> Workload | None:
    """Return a Deployment, StatefulSet or DaemonSet by name; None when there is none."""
    return next((w for w in observed.api.workloads if (w.namespace, w.name) == (namespace, name)), None)


def unready(observed: Observed, namespace: str, *names: str) -> list[str]:
    """Name the workloads of a namespace (all when no name is given) that are missing or not wholly ready."""
    found = {w.name: w for w in observed.api.workloads if w.namespace == namespace}
    said = []
    for name in names or sorted(found):
        one = found.get(name)
        if one is None:
            said.append(f"{name}: not there")
        elif one.ready < one.desired or one.updated < one.desired:
            said.append(f"{name}: {one.ready} of {one.desired} ready")
    return said
