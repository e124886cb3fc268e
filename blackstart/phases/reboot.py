"""Reboots that are due on members, one at a time, and only while the cluster does not need the one that goes.

A node that is no member yet is rebooted earlier, by fresh_reboot; why one is due is decided here for both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.errors import NotWellError
from blackstart.node.etcd.quorum import majority
from blackstart.phases import gpu_memory
from blackstart.phases.members import etcd_members, listed_by
from blackstart.step import Look, Play, Reason, Scope, Step

if TYPE_CHECKING:
    from collections.abc import Callable

    from blackstart.model.cluster import Cluster, Node
    from blackstart.probe.observed import NodeFacts, Observed

# What the role node_drain writes on a node that this phase cordons: by this the next run knows a cordon that a run
# which was cut off left behind.
CORDON = "blackstart reboots it"


def kernel_due(desired_node: Node, facts: NodeFacts) -> str:  # noqa: ARG001 - the checks' common signature
    """Say that the kernel was replaced under the running system: it can then load no module any more."""
    if not facts.kernels or facts.kernel in facts.kernels:
        return ""
    return f"kernel {', '.join(facts.kernels)} is installed, and {facts.kernel} still runs without its modules"


CHECKS: tuple[Callable[[Node, NodeFacts], str], ...] = (kernel_due, gpu_memory.reboot_due)


def due(desired: Cluster, observed: Observed, name: str) -> list[str]:
    """Say why this node must be rebooted; empty when it need not, and when it cannot be looked at."""
    node, facts = desired.node(name), observed.nodes[name]
    return [why for check in CHECKS if facts.reachable and (why := check(node, facts))]


def standing(desired: Cluster, observed: Observed, names: tuple[str, ...]) -> Look:
    """Look whether any of these nodes still has a reboot before it."""
    said = [f"{name}: {'; '.join(why)}" for name in names if (why := due(desired, observed, name))]
    return Look(open=not said, seen="; ".join(said) if said else "no node waits for a reboot")


def unfit(desired: Cluster, observed: Observed, name: str) -> list[str]:
    """Say what the cluster could not do without this member: then it must not go. Empty when all others are well."""
    others = [node.name for node in desired.nodes if node.name != name and observed.nodes[node.name].is_member]
    listed = etcd_members(observed) or listed_by(observed, others)
    etcd = {member.name or member.address or member.id: member for member in listed}
    said = [
        f"{node.name} does not answer" for node in observed.nodes.values() if not node.reachable and node.name != name
    ]
    said += [f"the API server of {other} is not ready" for other in others if not observed.nodes[other].api_ready]
    for other, member in etcd.items():
        if other != name and (member.learner or not member.healthy):
            said.append(f"etcd member {other} is {'a learner' if member.learner else 'not healthy'}")
    said += [f"etcd does not list {other}" for other in others if etcd and other not in etcd]
    if others and not etcd:
        said.append("no other node's etcd says who its members are")
    ready = {node.name for node in observed.api.nodes if node.ready}
    said += [f"node {other} is not Ready" for other in others if other not in ready]
    voters = [member for key, member in etcd.items() if key != name and not member.learner]
    left = sum(member.healthy for member in voters)
    if etcd and others and left < majority(len(voters) + 1):
        said.append(f"etcd would have {left} of {len(voters) + 1} votes")
    return said


class Reboot(Step):
    """Drains, reboots, awaits and uncordons, node by node."""

    name = "reboot"
    title = "Reboot of members, one at a time"
    needs = ("cilium", "members", "revive")
    scope = Scope.NODES
    etcd = True
    timeout = 60.0

    def reasons(self, desired: Cluster, observed: Observed) -> list[Reason]:
        """Name each member whose reboot is due, or whose cordon an earlier run left behind."""
        found = []
        for name in observed.members:
            found += [Reason(why, name) for why in due(desired, observed, name)]
            if name in _left_cordoned(observed) and not due(desired, observed, name):
                found.append(Reason("an interrupted run left it cordoned", name))
        return found

    def play(self, desired: Cluster, observed: Observed) -> Play:
        """Go through them, the holder of the API's address last; raises NotWellError when another one is not well."""
        names = {reason.node for reason in self.reasons(desired, observed)}
        going = [name for name in observed.members if due(desired, observed, name)]
        for name in going:
            if why := unfit(desired, observed, name):
                raise NotWellError(
                    f"a reboot of {name} is due ({'; '.join(due(desired, observed, name))}), but the cluster needs it "
                    f"now:\n{chr(10).join(why)}",
                    hint="bring those back first (`blackstart status` shows all of them), then run the same again",
                )
        order = sorted(names, key=lambda name: (observed.nodes[name].holds_endpoint, desired.node_names.index(name)))
        return Play(
            self.name,
            limit=tuple(order),
            variables={
                "reboot_members": order,
                "reboot_due": going,
                "reboot_cordon": CORDON,
                # Each other member's API server must be ready; the first of them also does the draining.
                "reboot_others": {name: _others(desired, observed, name) for name in order},
            },
        )

    def gate(self, desired: Cluster, observed: Observed) -> Look:
        """Open when no member waits for a reboot and none is left cordoned by us."""
        look = standing(desired, observed, observed.members)
        left = _left_cordoned(observed)
        return look if not left or not look.open else Look(open=False, seen=f"{', '.join(left)}: still cordoned")


def _left_cordoned(observed: Observed) -> list[str]:
    return [node.name for node in observed.api.nodes if node.unschedulable and node.cordoned == CORDON]


def _others(desired: Cluster, observed: Observed, name: str) -> list[dict[str, str]]:
    others = [node for node in desired.nodes if node.name != name and node.name in observed.members]
    return [{"name": node.name, "address": str(node.ansible_host)} for node in others]


PHASE = Reboot()
