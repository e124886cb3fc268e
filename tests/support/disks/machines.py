"""Awkward machines, one per file of tests/machines/disks, and the verdicts on their disks."""

from __future__ import annotations

import copy
import json
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blackstart.disks.facts import parse
from blackstart.disks.judge import judge
from blackstart.model import cluster

if TYPE_CHECKING:
    from blackstart.disks.verdict import Verdict

ROOM = Path(__file__).parents[2] / "machines" / "disks"
MACHINES = {path.stem: json.loads(path.read_text()) for path in sorted(ROOM.glob("*.json"))}


def node(machine: dict[str, Any]) -> cluster.Node:
    """Return the node as the inventory has it."""
    disks = cluster.Disks.model_validate(machine["disks"])
    nic = cluster.Nic(name="lan0")
    named = cluster.Node(name="melchior-1", ansible_host=IPv4Address("192.0.2.1"), disks=disks, nic_lan=nic, ram_gib=96)
    return named.model_copy(update={"board_serial": machine["board_serial"]})


def judged(machine: dict[str, Any]) -> dict[str, Verdict]:
    """Return the verdict on each disk, by its name."""
    table, live = parse(machine["facts"]), frozenset(machine["live_osds"])
    return {v.disk: v for v in judge(node(machine), table, fsid=machine["fsid"], live_osds=live)}


def edited(machine: dict[str, Any]) -> dict[str, Any]:
    """Return the machine with its one edit made."""
    changed = copy.deepcopy(machine)
    at: Any = changed
    *path, last = machine["edit"]["at"]
    for key in path:
        at = at[key]
    at[last] = machine["edit"]["to"]
    return changed
