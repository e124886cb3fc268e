"""What the role disk_guard does with the verdicts about one node: refuse, warn, wipe what is confirmed twice. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blackstart.disks.judge import judge
from blackstart.disks.verdict import WIPE_CLEARS, Code, Role, State
from blackstart.disks.writes import to_write, wishes

if TYPE_CHECKING:
    from collections.abc import Collection

    from blackstart.disks.facts import DiskTable
    from blackstart.disks.verdict import Verdict
    from blackstart.disks.writes import Write
    from blackstart.model.cluster import Node


@dataclass(frozen=True, slots=True)
class Outcome:
    """What follows: `refusals` end the run, `notes` are said and the run goes on, `writes` are to be wiped."""

    verdicts: tuple[Verdict, ...]
    refusals: tuple[str, ...]
    notes: tuple[str, ...]
    writes: tuple[Write, ...]


def guard(node: Node, table: DiskTable, *, fsid: str, confirmed: Collection[str]) -> Outcome:
    """Judge a node's disks; `confirmed` are the serials of --yes-wipe, for this node or another.

    A disk that is missing or failing has no data to lose here: it is named and does not keep a cluster dark.
    Raises RefusedError when a wipe is asked for and confirmed that must not be.
    """
    verdicts = judge(node, table, fsid=fsid)
    wanted = wishes([node])
    writes = to_write(verdicts, wanted, [serial for serial in confirmed if serial in wanted.values()])
    cleared = {write.disk for write in writes}
    named = [verdict for verdict in verdicts if verdict.role is not Role.UNNAMED]
    at_risk = [verdict for verdict in named if verdict.data_at_risk and verdict.disk not in cleared]
    notes = [_note(verdict) for verdict in named if verdict.state is State.REFUSED and not verdict.data_at_risk]
    notes += [
        _kept(verdict) for verdict in named if verdict.state is State.OURS and (node.name, verdict.disk) in wanted
    ]
    return Outcome(
        verdicts,
        tuple(_refusal(verdict, wanted.get((node.name, verdict.disk), "")) for verdict in at_risk),
        tuple(note for note in notes if note),
        writes,
    )


def _refusal(verdict: Verdict, wish: str) -> str:
    """Say everything that speaks against a disk, one line each, and how it could be wiped when that would help."""
    hints = dict.fromkeys(reason.hint for reason in verdict.reasons if reason.hint)
    lines = [f"{verdict.disk} ({verdict.role}) is refused:", *(f"- {reason.text}" for reason in verdict.reasons)]
    lines += [f"  {hint}" for hint in hints]
    if verdict.codes <= WIPE_CLEARS and verdict.seen is not None and wish:
        lines.append(
            f"  wipe: {wish} is set; nothing was written, for that needs `blackstart up --yes-wipe {wish}`, too"
        )
    return "\n".join(lines)


def _note(verdict: Verdict) -> str:
    """Say what is wrong with a disk that has nothing to lose; empty for one whose name is not filled in yet."""
    said = [reason.text for reason in verdict.reasons if reason.code is not Code.PLACEHOLDER]
    if not said:
        return ""
    text = "; ".join(said)
    return f"{text if text.startswith(verdict.disk) else f'{verdict.disk}: {text}'}. The run goes on without it"


def _kept(verdict: Verdict) -> str:
    return f"{verdict.disk} holds {verdict.osd} and stays as it is, although it has `wipe:` in the inventory"


def document(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as the node keeps it, for looks (node/disks/verdicts.py) and for the role ceph_disks."""
    seen = verdict.seen
    said = str(verdict.osd or "") if verdict.state is State.OURS else "; ".join(r.text for r in verdict.reasons)
    return {
        "id": verdict.disk,
        "state": str(verdict.state),
        "said": said,
        "there": seen is not None,
        "serial": seen.serial if seen else "",
        "transport": seen.transport if seen else "",
    }


def documents(verdicts: Collection[Verdict]) -> list[dict[str, Any]]:
    """Return the verdicts about the Ceph disks that have a name."""
    ceph = [verdict for verdict in verdicts if verdict.role is Role.CEPH and Code.PLACEHOLDER not in verdict.codes]
    return [document(verdict) for verdict in ceph]
