"""Power off: a system that serves nothing before its pods are given away, any old system before its disk is erased."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart import power
from blackstart.errors import GateTimeoutError, RefusedError, UnreachableError
from blackstart.power.base import Power
from blackstart.power.waits import await_dark, cut
from blackstart.rebuild.remove_node import remains
from blackstart.rebuild.view import RebuildStep

if TYPE_CHECKING:
    from blackstart.engine.context import Context
    from blackstart.model.cluster import Cluster
    from blackstart.rebuild.view import View


class Outage(RebuildStep):
    """A node that is not Ready cannot be drained: it goes dark first, and is then surely off."""

    name = "outage"
    title = "Power off a node that is not Ready"
    needs = ("preconditions", "snapshot", "ceph_quiet")

    def why(self, desired: Cluster, seen: View) -> list[str]:
        """Ask for it while the old node is in the cluster, is not Ready, and may have power."""
        if seen.renewed or not remains(desired, seen) or seen.alive:
            return []
        if seen.power.power is Power.OFF or (seen.power.power is Power.UNKNOWN and not seen.facts.reachable):
            return []
        return [f"its kubelet does not answer, and it is not off: {seen.power.words}"]

    def act(self, context: Context, seen: View) -> None:
        """Cut its power: a system that serves nothing has nothing to shut down in order."""
        darken(context, seen, force=True)


class PowerOff(RebuildStep):
    """The old system is shut down, after it has left the cluster."""

    name = "power_off"
    title = "Power off the old system"
    needs = ("remove_node",)

    def why(self, desired: Cluster, seen: View) -> list[str]:  # noqa: ARG002 - the base class decides
        """Ask for it while an old system answers; what does not answer is the installer's, who may be half-way."""
        facts = seen.facts
        return [f"its old system runs ({facts.kernel})"] if facts.reachable and not (seen.renewed or facts.live) else []

    def act(self, context: Context, seen: View) -> None:
        """Ask the system, then cut."""
        darken(context, seen, force=False)


def darken(context: Context, seen: View, *, force: bool) -> None:
    """Take a machine's power away, in order unless force is set; GateTimeoutError when it does not go dark.

    A system that lets us in is asked itself, so that a button that can only wake (wake-on-LAN) is enough.
    """
    node = context.desired.node(seen.node)
    driver = power.driver(context.desired, seen.node)
    if force or not seen.facts.reachable:
        cut(node, driver, say=context.say)
        return
    # It refuses while a shutdown is under way already, which a run that was cut off may have asked for.
    try:
        asked = context.fleet.run(seen.node, ["systemctl", "--no-block", "poweroff"], timeout=20.0, check=False)
        context.say(f"{seen.node} was asked to power off" + (f": {asked.err.strip()}" if asked.status else ""))
    except UnreachableError as error:
        context.say(f"{seen.node} does not answer any more: {error.message}")
    try:
        await_dark(node, driver, say=context.say)
    except GateTimeoutError:
        try:
            cut(node, driver, say=context.say)
        except RefusedError as error:
            raise GateTimeoutError(
                f"{seen.node} did not power off when asked, and its button cannot force it: {error.message}",
                hint="hold its power button until its light is out, then run the same again",
            ) from error


OUTAGE, POWER_OFF = Outage(), PowerOff()
