"""Words for people that several rooms use."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MOST = 3


def some(names: Iterable[str], most: int = _MOST, *, between: str = ", ") -> str:
    """Return a list that stays readable however long it is: "vault, loki, harbor and 72 more" (pure)."""
    every = list(names)
    shown = between.join(every[:most])
    return f"{shown} and {len(every) - most} more" if len(every) > most else shown


def by_text(said: Mapping[str, str]) -> str:
    """Return what is said of each name, once for all of whom the same is said: "a, b: no disk; c: no answer" (pure)."""
    names: dict[str, list[str]] = {}
    for name, text in said.items():
        names.setdefault(text, []).append(name)
    return "; ".join(f"{some(who)}: {text}" for text, who in names.items())
