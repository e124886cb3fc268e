"""Waiting as the journal tells it: when each gate was waited for, what was seen, when it was first seen open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from blackstart.report.model import Span, Wait

if TYPE_CHECKING:
    from collections.abc import Sequence


def gate_waits(events: Sequence[dict[str, Any]], zero: float) -> list[Wait]:
    """Pair each gate_start with its gate_end; one that the journal never ended lasts until the journal does."""
    found: list[Wait] = []
    begun: dict[str, tuple[float, list[tuple[float, str]]]] = {}
    for event in events:
        at, phase = float(event["at"]) - zero, str(event.get("phase", ""))
        if event["kind"] == "gate_start":
            begun[phase] = (at, [])
        elif event["kind"] == "gate_look" and phase in begun and not event.get("open"):
            begun[phase][1].append((at, str(event.get("seen", ""))))
        elif event["kind"] == "gate_end" and phase in begun:
            start, looks = begun.pop(phase)
            found.append(Wait(phase, Span(start, at), bool(event["open"]), str(event.get("seen", "")), _changes(looks)))
    last = float(events[-1]["at"]) - zero if events else 0.0
    for phase, (start, looks) in begun.items():
        found.append(Wait(phase, Span(start, last), open=False, seen=looks[-1][1] if looks else "", looks=tuple(looks)))
    return found


def _changes(looks: Sequence[tuple[float, str]]) -> tuple[tuple[float, str], ...]:
    return tuple(look for index, look in enumerate(looks) if not index or look[1] != looks[index - 1][1])


def first_open(events: Sequence[dict[str, Any]], phase: str, zero: float) -> float | None:
    """Return when a phase's gate was first seen open, waited for or not; None when the journal does not say."""
    kinds = {"gate_look", "gate_end"}
    seen = (e for e in events if e["kind"] in kinds and e.get("phase") == phase and e.get("open"))
    event = next(seen, None)
    return None if event is None else float(event["at"]) - zero
