"""Name, hosts, packages' snapshot, kernel modules and settings, clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.errors import RefusedError
from blackstart.phases.base import Play, Watch
from blackstart.phases.local import LocalPhase

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
            "/etc/systemd/zram-generator.conf",
        )
    )

    def play(self, desired: Cluster, observed: Observed) -> Play:
        """Refuse a node whose clock is far off before anything is made that carries a date."""
        wrong = [
            f"{node.name}: {skew}"
            for node in observed.nodes.values()
            if (skew := self.trouble(desired, observed, node))
        ]
        # A node that keeps time gets it from what this phase sets up; where another keeps it, waiting mends nothing.
        if wrong and desired.time.sync == "none":
            raise RefusedError(
                "the clocks disagree: " + "; ".join(wrong),
                hint="certificates would not be valid yet on some nodes, and etcd and Ceph need clocks that agree; "
                "set the machine's clock (timedatectl), then run again",
            )
        return super().play(desired, observed)

    def trouble(self, desired: Cluster, observed: Observed, node: NodeFacts) -> str:  # noqa: ARG002 - base's signature
        """Name a clock that is off from ours by more than the inventory allows."""
        allowed = desired.time.max_skew_seconds
        return f"its clock is off by {node.clock:+.1f} s, allowed are {allowed} s" if abs(node.clock) > allowed else ""


PHASE = BaseOs()
