"""Say what is wrong with sizes of GPU memory, or with the machine that they are for. Changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from .judge import restart_due, verdicts
from .sizes import misfits, taken
from .sysfs import groups, read
from .units import RESTART, GpuFacts, Wanted

if TYPE_CHECKING:
    from ..module import Module

SIZES = ("ram_gib", "carve_out_gib", "gtt_gib", "page_pool_gib", "target")


def values(module: Module, wanted: Wanted) -> dict[str, Any]:
    """Return the result; fails the module for values that do not fit each other or this node's groups."""
    gids = {name: int(number) for name, number in module.params["gids"].items()}
    wrong = [*misfits(wanted), *taken(gids, groups(Path("/etc/group").read_text(encoding="utf-8")))]
    if wrong:
        module.fail_json(msg="; ".join(map(str, wrong)))
    return {"verdicts": [], "restart": ""}


def machine(module: Module, wanted: Wanted) -> dict[str, Any]:
    """Tell all that is wrong (the action plugin warns); fail for what no restart would mend, where asked for."""
    seen = GpuFacts.of(read(module.params["root"]))
    wrong = verdicts(wanted, seen)
    said = [str(verdict) for verdict in wrong]
    result: dict[str, Any] = {
        "verdicts": said,
        "restart": restart_due(seen) if seen and wrong else "",
        "blackstart_notes": said,
    }
    hard = [str(verdict) for verdict in wrong if verdict.cure != RESTART]
    if hard and module.params["strict"]:
        module.fail_json(msg="; ".join(hard))
    return result
