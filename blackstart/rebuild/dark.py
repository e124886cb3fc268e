"""The old system goes dark, after it has left the cluster and before its disk is erased."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.errors import GateTimeoutError, RefusedError, UnreachableError
from blackstart.power.waits import await_dark, cut

if TYPE_CHECKING:
    from blackstart.model.cluster import Cluster
    from blackstart.rebuild.base import Seen, Works


def darken(works: Works, seen: Seen, *, force: bool) -> None:
    """Take a machine's power away, in order unless force is set; GateTimeoutError when it does not go dark.

    A system that lets us in is asked itself, so that a button that can only wake (wake-on-LAN) is enough.
    """
    node = works.desired.node(works.node)
    if force or not seen.facts.reachable:
        cut(node, works.driver, say=works.say)
        return
    # It refuses while a shutdown is under way already, which a run that was cut off may have asked for.
    try:
        asked = works.observer.fleet.run(works.node, ["systemctl", "--no-block", "poweroff"], timeout=20.0, check=False)
        works.say(f"{works.node} was asked to power off" + (f": {asked.err.strip()}" if asked.status else ""))
    except UnreachableError as error:
        works.say(f"{works.node} does not answer any more: {error.message}")
    try:
        await_dark(node, works.driver, say=works.say)
    except GateTimeoutError:
        try:
            cut(node, works.driver, say=works.say)
        except RefusedError as error:
            raise GateTimeoutError(
                f"{works.node} did not power off when asked, and its button cannot force it: {error.message}",
                hint="hold its power button until its light is out, then run the same again",
            ) from error


class Dark:
    """Power off."""

    name = "dark"
    title = "The old system goes dark"
    once = False

    def reasons(self, desired: Cluster, seen: Seen) -> list[str]:  # noqa: ARG002 - the Protocol's signature
        """Ask for it while an old system answers; what does not answer is the installer's, who may be half-way."""
        facts = seen.facts
        return [f"its old system runs ({facts.kernel})"] if facts.reachable and not (seen.renewed or facts.live) else []

    def apply(self, works: Works, seen: Seen) -> None:
        """Ask the system, then cut."""
        darken(works, seen, force=False)


LEG = Dark()
