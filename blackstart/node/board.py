"""Which machine it is: the serial number of its mainboard, as firmware says it."""

from __future__ import annotations

from pathlib import Path

# What firmware says where its maker filled nothing in.
_NOTHING = frozenset({"default string", "to be filled by o.e.m.", "none", "n/a", "not applicable", "not specified",
                      "unknown", "base board serial number", "123456789"})  # fmt: skip


def serial(root: Path = Path("/")) -> str:
    """Return the mainboard's serial number; empty when firmware has none, or words that many boards share."""
    try:
        said = (root / "sys/class/dmi/id/board_serial").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""
    return "" if said.lower() in _NOTHING or not said.strip("0.- ") else said
