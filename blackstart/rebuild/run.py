"""One rebuild: look, go the first leg that has reasons, look again; then the phases of `up`, then the last legs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from blackstart.engine.retry import retry_not_well
from blackstart.errors import BlackstartError, GateTimeoutError
from blackstart.metal import order as orders
from blackstart.power.base import Power
from blackstart.probe.disks import look as look_at_disks
from blackstart.rebuild.base import Seen
from blackstart.rebuild.preconditions import require_usable_disks, require_well
from blackstart.rebuild.remove_node import alive
from blackstart.rebuild.snapshot import kept

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from blackstart.engine.journal import Journal
    from blackstart.rebuild.base import Leg, Works

ROUNDS = 2  # times that one leg may be gone in a run: what has reasons after that cannot be brought about


def look(works: Works) -> Seen:
    """Look at the node, the cluster around it, and what this machine keeps of both."""
    power = works.driver.state()
    # A machine that is off answers nobody: each look would wait for it to the end.
    dark = {works.node: f"it has no power: {power.words}"} if power.power is Power.OFF else {}
    observed = works.observer.look(dark)
    return Seen(works.node, orders.read(works.state, works.node), observed, power, kept(works.state))


def _well(works: Works) -> Seen:
    """Look, retry_not_well; raise what require_well() raises while the node is still to be taken out."""

    def attempt() -> Seen:
        seen = look(works)
        if not seen.renewed:
            require_well(works.desired, seen)
        return seen

    return retry_not_well(attempt, works.say)


def begin(works: Works, confirm: Callable[[Seen], None], *, order_id: str, now: float) -> None:
    """See that the node may be rebuilt, have that confirmed, and write its order.

    An order that is open goes on, unless nothing was done on it yet: then it is asked for again.

    `confirm` raises when nobody does; order_id and now as in order.place().
    """
    seen = _well(works)
    if seen.order is not None and not (alive(seen) and not seen.renewed):
        begun = time.strftime("%Y-%m-%d %H:%M", time.localtime(seen.order.made))
        works.say(f"the rebuild of {works.node} that was confirmed at {begun} goes on")
        return
    if seen.facts.reachable:
        table = look_at_disks(works.observer.fleet, works.desired, seed=order_id, nodes=[works.node])[works.node]
        if isinstance(table, BlackstartError):
            raise table
        require_usable_disks(works.desired, works.node, table)
    confirm(seen)
    orders.place(works.state, works.node, works.desired.node(works.node).disks.boot.serial, order_id=order_id, now=now)


def rebuild(
    works: Works,
    before: Sequence[Leg],
    phases: Callable[[], Sequence[str]],
    after: Sequence[Leg],
    journal: Journal,
) -> tuple[str, ...]:
    """Take the node, whose order is open, through the whole path; return the legs and phases that were applied.

    `phases` runs `up` and returns what it applied. Raises what legs, phases and roles raise.
    """
    applied = [*_go(works, before, journal), *phases(), *_go(works, after, journal)]
    return tuple(applied)


def _go(works: Works, legs: Sequence[Leg], journal: Journal) -> list[str]:
    """Go legs until none has reasons: always the first that has any, since a later one may undo an earlier."""
    gone: list[str] = []
    while True:
        seen = _well(works)
        asked = [leg for leg in legs if not (leg.once and leg.name in gone)]
        found = next(((leg, why) for leg in asked if (why := leg.reasons(works.desired, seen))), None)
        if found is None:
            return gone
        leg, why = found
        if gone.count(leg.name) == ROUNDS:
            raise GateTimeoutError(
                f"{leg.name} did not come true on {works.node}: {'; '.join(why)}",
                hint="`blackstart status` shows the whole cluster. Mend what it names and run the same command again",
            )
        _apply(works, leg, why, seen, journal)
        gone.append(leg.name)


def _apply(works: Works, leg: Leg, why: list[str], seen: Seen, journal: Journal) -> None:
    started = time.monotonic()
    step = {"phase": leg.name, "title": leg.title, "reasons": [{"node": works.node, "text": text} for text in why]}
    journal.write("plan", steps=[step])
    journal.write("phase_start", phase=leg.name, title=leg.title, nodes=[works.node])
    status = "failed"
    try:
        leg.apply(works, seen)
        status = "ok"
    except BlackstartError as error:
        status = "interrupted" if error.exit_code == 130 else "failed"  # noqa: PLR2004 - the shell's number for it
        raise
    except KeyboardInterrupt:
        status = "interrupted"
        raise
    finally:
        seconds = round(time.monotonic() - started, 1)
        journal.write("phase_end", phase=leg.name, status=status, changed={}, seconds=seconds)
