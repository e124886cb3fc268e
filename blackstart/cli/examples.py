"""What the help of each verb ends with: one or two commands as people type them, and what they do."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "check": (
        ("blackstart check", "the only cluster under ./inventory"),
        ("blackstart check -i inventory/homelab --json", "one cluster of several, as JSON"),
    ),
    "plan": (("blackstart plan", "the steps that `up` would take now"),),
    "up": (
        ("blackstart up", "start or repair the whole cluster"),
        ("blackstart up --only network", "repair the network while the API is down"),
    ),
    "rebuild": (
        ("blackstart rebuild casper-3 --plan", "show the path, change nothing"),
        ("blackstart rebuild casper-3", "rebuild it; asks for its name and its disk's serial number"),
    ),
    "status": (
        ("blackstart status", "nodes, gates and warnings"),
        ("blackstart status --json -i inventory/homelab", "the same as one JSON document"),
    ),
    "disks": (
        ("blackstart disks --limit casper-3", "the disks of one node"),
        ("blackstart disks --full", "read named disks from end to end"),
    ),
    "report": (
        ("blackstart report", "the latest run"),
        ("blackstart report --list", "all runs, oldest first"),
    ),
    "netboot": (
        ("blackstart netboot --check", "check that network boots can be served"),
        ("blackstart netboot --fetch", "download and unpack the ISO that the inventory pins"),
    ),
    "media": (
        ("blackstart media casper-3 --print-url", "where the ISO is, and its SHA-256"),
        ("blackstart media casper-3 --to seed.img", "write the second stick's volume"),
    ),
    "completion": (
        ("blackstart completion bash > /etc/bash_completion.d/blackstart", "for every user"),
        ("source <(blackstart completion zsh)", "for this shell; after compinit"),
        ("blackstart completion fish > ~/.config/fish/completions/blackstart.fish", "for you"),
    ),
    "lab": (
        ("blackstart lab up", "build what is missing and boot the nodes"),
        ('blackstart up -i "$(blackstart lab inventory)"', "make a cluster of them"),
    ),
    "lab build": (("blackstart lab build", "build the bundle; parts that exist are reused"),),
    "lab up": (("blackstart lab up", "boot empty practice nodes"),),
    "lab status": (("blackstart lab status --json", "power, address, ssh and memory of each node"),),
    "lab inventory": (("blackstart lab inventory", "the folder for --inventory"),),
    "lab down": (("blackstart lab down", "remove nodes and data, keep what was built"),),
}


def epilog(verb: str) -> str:
    """Return the end of a verb's help; empty when it has no examples."""
    lines = [line for command, what in EXAMPLES.get(verb, ()) for line in (f"  {command}", f"      {what}")]
    return "\n".join(["examples:", *lines]) if lines else ""
