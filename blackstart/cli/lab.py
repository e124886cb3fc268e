"""Build, start and remove the practice cluster: three nodes and a Git server as containers on this machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from blackstart.cli.display import Meter
    from blackstart.lab.progress import Progress

_ACTIONS = {
    "build": "build the bundle (images, charts, packages) and the node image from source; kept in the cache",
    "up": "build what is missing and boot empty nodes; changes nothing when they are up",
    "status": "show each node's power, address, ssh and memory",
    "inventory": "print the path of the inventory that fits this machine",
    "down": "remove the nodes and their data; keeps the cache and the reports of runs",
}


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and what can be done with the lab."""
    parser = verbs.add_parser("lab", help="build, start and remove the practice cluster", description=__doc__)
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True, dest="action")
    for name, what in _ACTIONS.items():
        actions.add_parser(name, help=what, description=what)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the action; heavy imports wait until then."""
    do = {"build": _build, "up": _up, "status": _status, "inventory": _inventory, "down": _down}[args.action]
    do(args)
    return 0


def _build(args: argparse.Namespace) -> None:
    from blackstart.cli.display import say, step
    from blackstart.lab import rootfs

    bundle = _built(args)
    with step("node image"):
        rootfs.ensure_archive(say if args.verbose else lambda _line: None)
    print(bundle)


def _built(args: argparse.Namespace) -> Path:
    from blackstart.cli.display import Meter, say, step
    from blackstart.lab import lifecycle
    from blackstart.lab.build import build

    lifecycle.require_root()
    with step("system packages"):
        lifecycle.ensure_packages(say)
    with Meter("bundle") as meter:
        return build(BuildLines(meter, verbose=args.verbose))


class BuildLines:
    """Prints a build's progress: the number of parts, each finished part, and the reason for a delay."""

    def __init__(self, meter: Meter, *, verbose: bool) -> None:
        """Print nothing until there is something to build; verbose prints every line of output."""
        self._meter = meter
        self._verbose = verbose
        self._announced = False

    def __call__(self, progress: Progress) -> None:
        """Show the build as it is now."""
        from blackstart.lab.progress import duration

        if progress.planned and not self._announced:
            self._announced = True
            self._meter.say(f"{len(progress.planned)} parts to build, about {duration(progress.left)}")
        if progress.late:
            self._meter.say(f"about {duration(progress.left)} left: {progress.late}")
        if progress.finished:
            self._meter.say(f"[{progress.took:6.1f} s] {progress.finished} ({progress.counted})")
        elif progress.line and (self._verbose or not progress.planned):
            self._meter.say(progress.line)
        self._meter.show(progress.standing if progress.planned else progress.line, progress.done, len(progress.planned))


def _up(args: argparse.Namespace) -> None:
    from blackstart.cli.display import say, step
    from blackstart.engine.lock import exclusive
    from blackstart.lab import lifecycle
    from blackstart.lab.layout import LAB

    begun = time.monotonic()
    lifecycle.require_root()
    with exclusive(LAB.state / "lock", "lab up"):
        _built(args)
        started = lifecycle.up(step)
    what = f"started {', '.join(started)}" if started else "all nodes were up, nothing changed"
    say(f"the lab is up after {time.monotonic() - begun:.1f} s: {what}; next:")
    print(f"blackstart --inventory {lifecycle.inventory()} up")


def _down(_args: argparse.Namespace) -> None:
    from blackstart import paths
    from blackstart.cli.display import say, step
    from blackstart.engine.lock import exclusive
    from blackstart.lab import lifecycle
    from blackstart.lab.layout import LAB

    lifecycle.require_root()
    with exclusive(LAB.state / "lock", "lab down"):
        lifecycle.down(step)
    say(f"the lab is removed; kept: built parts ({paths.cache()}) and reports of runs ({LAB.state / 'runs'})")


def _status(args: argparse.Namespace) -> None:
    import json
    from dataclasses import asdict

    from blackstart.lab import lifecycle

    seen = lifecycle.status()
    if args.json:
        print(json.dumps({"nodes": [asdict(node) for node in seen]}, indent=2))
        return
    for node in seen:
        memory = f"{node.memory / 2**20:6.0f} MiB" if node.memory else ""
        print(f"{node.name:<12} {node.address:<13} {node.power:<8} ssh {node.ssh:<8} {memory}".rstrip())


def _inventory(_args: argparse.Namespace) -> None:
    from blackstart.lab import lifecycle

    print(lifecycle.inventory())
