"""Figures and lists as words; shared by HTML and text so that both say the same."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_MINUTE = 60
_HOUR = 3600
_TENTHS_BELOW = 10  # seconds; above that a tenth is noise in a sentence


def duration(seconds: float) -> str:
    """Say a length of time: "1.8 s", "48 s", "2 min 31 s", "1 h 02 min"."""
    if seconds < _TENTHS_BELOW:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02} min"


def unbroken(text: str) -> str:
    """Tie each number to its unit with a no-break space, for large type that wraps."""
    return re.sub(r"(?<=\d) (?=(?:s|min|h)\b)", "\N{NO-BREAK SPACE}", text)


def plain(text: str) -> str:
    """Leave control characters out, which could move a terminal's cursor or colour it; line breaks stay."""
    return "".join(char for char in text if char.isprintable() or char == "\n")


def instant(at: float) -> str:
    """Say a point in time (seconds since the epoch) in UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC" if at else "at an unknown time"


def count(number: int, noun: str, plural: str = "") -> str:
    """Say how many: "1 change", "3 changes"."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def places(nodes: Sequence[str], everywhere: Sequence[str]) -> str:
    """Name nodes in short and in the inventory's order: "all 3 nodes" when none is missing, "cluster" for no name."""
    several = len(everywhere) > 1
    if several and set(nodes) >= set(everywhere):
        return f"all {len(everywhere)} nodes"
    order = {node: index for index, node in enumerate(everywhere)}
    return ", ".join(node or "cluster" for node in sorted(nodes, key=lambda node: order.get(node, len(order))))
