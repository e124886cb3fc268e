"""Name, hosts, packages' snapshot, kernel modules and settings, clock."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from blackstart.errors import RefusedError
from blackstart.phases.local import LocalPhase
from blackstart.step import Play, Watch

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster
    from blackstart.probe.observed import NodeFacts, Observed


class BaseOs(LocalPhase):
    """The ground that every other role stands on."""

    name = "base_os"
    title = "Base system"
    watch = Watch(
        files=(
            "/etc/hostname",
            "/etc/hosts",
            "/etc/pacman.conf",
            "/etc/pacman.d/mirrorlist",
            "/etc/pacman.d/hooks/00-kubernetes-skew.hook",
            "/usr/local/lib/blackstart/skew-guard",
            "/etc/modules-load.d/90-kubernetes.conf",
            "/etc/sysctl.d/90-kubernetes.conf",
            "/etc/systemd/timesyncd.conf.d/90-blackstart.conf",
            "/etc/systemd/system/kubelet.service.d/20-time-sync.conf",
            "/etc/systemd/zram-generator.conf",
        )
    )

    def play(self, desired: Cluster, observed: Observed) -> Play:
        """Run where it is needed; raises RefusedError for clocks that disagree and that nothing here will mend.

        Certificates, tokens and etcd's leases carry dates. With time sync the phase itself is the cure, and its gate
        waits for it; where the clock is somebody else's, waiting would not help.
        """
        wrong = [f"{node.name}: {said}" for node in observed.nodes.values() if (said := _skew(desired, observed, node))]
        if wrong and desired.time.sync == "none":
            raise RefusedError(
                "the nodes' clocks disagree: " + "; ".join(wrong),
                hint="set the clock of the machine they run on (timedatectl), or time_sync: timesyncd; then run again",
            )
        return super().play(desired, observed)

    def trouble(self, desired: Cluster, observed: Observed, node: NodeFacts) -> str:
        """Name a clock that is off."""
        return _skew(desired, observed, node)


def _skew(desired: Cluster, observed: Observed, node: NodeFacts) -> str:
    """Say how far a node's clock is from the nodes' middle one; empty when that is allowed.

    The nodes are compared with each other and not with this machine, whose clock is of no consequence to them. A look
    under load is right to some tenths of a second (probe/observe.py), so the limit should not be much smaller.
    """
    if not node.reachable:
        return ""
    middle = statistics.median_low(one.clock for one in observed.nodes.values() if one.reachable)
    off, allowed = node.clock - middle, desired.time.max_skew_seconds
    return f"its clock is {off:+.1f} s off the others', allowed is {allowed:g} s" if abs(off) > allowed else ""


PHASE = BaseOs()
