"""Words for people that several rooms use."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST = 3


def some(names: Iterable[str], most: int = _MOST) -> str:
    """Return a list that stays readable however long it is: "vault, loki, harbor and 72 more" (pure)."""
    every = list(names)
    shown = ", ".join(every[:most])
    return f"{shown} and {len(every) - most} more" if len(every) > most else shown
