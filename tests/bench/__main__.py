"""Measure blackstart in the practice lab against the same work by hand, and print Markdown tables.

    python -m tests.bench [--only cold noop status help memory rebuild local metal]

Both sides of a ratio are measured in the same run on the same machine. Numbers only: what they should be, tests say.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from tests.bench import lab
from tests.bench.prepare import KUBECTL, prepare

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PARTS = ("help", "cold", "noop", "status", "memory", "rebuild", "local", "metal")
REBUILDS = 3  # of each side
BY_HAND = Path(__file__).with_name("by_hand.sh")


class Row(NamedTuple):
    """One line of the table: a measured value, what it is compared with, and the two in the same unit."""

    what: str
    value: float
    unit: str
    reference: str = ""
    against: float = 0.0

    def __str__(self) -> str:
        """Write it as Markdown."""
        other = f"{self.reference}: {self.against:.2f} {self.unit}" if self.reference else ""
        ratio = f"{self.value / self.against:.2f}" if self.against else ""
        return f"| {self.what} | {self.value:.2f} {self.unit} | {other} | {ratio} |"


class Bench:
    """The measurements; each yields rows. What a later one needs of an earlier one is kept here."""

    def __init__(self, parts: Sequence[str], room: Path) -> None:
        """Measure nothing yet; room is an empty folder of this run's own."""
        self.parts = parts
        self.room = room
        self.local = 0.0  # seconds of the node-local phases on three nodes
        self.details: list[str] = []

    def rows(self) -> Iterator[Row]:
        """Measure the parts that were asked for, those on the healthy cluster between the two cold starts."""
        if "help" in self.parts:
            yield from self.help()
        cold: lab.Timed | None = None
        if "cold" in self.parts:
            lab.fresh()
            say("cold start by blackstart")
            cold = lab.up()
            self.local = lab.local_seconds(lab.journal())
            self._phases()
        elif {"noop", "status", "memory", "rebuild"} & set(self.parts):
            lab.timed([*lab.BLACKSTART, "lab", "up"])
            lab.up()
        if "memory" in self.parts:
            yield from self.memory()
        if {"noop", "status"} & set(self.parts):
            yield from self.healthy()
        if "rebuild" in self.parts:
            yield from self.rebuild()
        if cold:
            yield from self.cold(cold)
        if "local" in self.parts:
            yield from self.node_local()
        if "metal" in self.parts:
            yield from self.metal()

    def help(self) -> Iterator[Row]:
        """Compare `--help` with an interpreter that does nothing."""
        say("--help")
        empty = median(run.seconds for run in lab.repeated(lambda: lab.timed([sys.executable, "-c", "pass"])))
        shown = median(run.seconds for run in lab.repeated(lambda: lab.timed([*lab.BLACKSTART, "--help"])))
        yield Row("`--help`, median of 5", shown, "s", "python -c pass", empty)

    def healthy(self) -> Iterator[Row]:
        """Compare what finds nothing to do with one look by hand: kubectl over ssh."""
        config = self.room / "ssh_config"
        lab.write_ssh_config(config)
        look = ["ssh", "-F", str(config), lab.FIRST, f"{KUBECTL} get nodes,pods,applications -A"]
        by_hand = median(run.seconds for run in lab.repeated(lambda: lab.timed(look)))
        verb = lab.verb()
        for part, words in (("noop", [*verb, "up"]), ("status", [*verb, "status"])):
            if part in self.parts:
                say(words[-1])
                runs = lab.repeated(partial(lab.timed, words))
                title = f"`{words[-1]}` on the healthy cluster"
                seconds = median(run.seconds for run in runs)
                yield Row(f"{title}, median of 5", seconds, "s", "kubectl get over ssh", by_hand)
                yield Row(f"{title}, peak memory of the control process", max(run.own for run in runs), "MiB")

    def cold(self, ours: lab.Timed) -> Iterator[Row]:
        """Compare a cold start with the script that does the same by hand, on nodes as empty."""
        folder = self.room / "by-hand"
        folder.mkdir(mode=0o700)
        prepare(folder)
        lab.fresh()
        say("cold start by hand")
        steps = by_hand(folder)
        yield Row("Cold start, three nodes", ours.seconds, "s", "by hand", steps["total"])
        yield Row("Cold start, peak memory of the control process", ours.own, "MiB")
        yield Row("Cold start, largest of it and the programs that it starts", ours.largest, "MiB")
        self._by_hand("By hand", steps)

    def rebuild(self) -> Iterator[Row]:
        """Compare the rebuild of a node whose machine is destroyed with the script that does the same by hand.

        In turns, by medians: a joining etcd that gets its own announcement in a snapshot waits for it to the end of its
        request timeout (etcdserver/server.go, publishV3), so that every other join or so takes ten seconds more.
        """
        node = list(lab.NODES)[-1]
        folder = self.room / "by-hand-rebuild"
        folder.mkdir(mode=0o700)
        prepare(folder)
        ready, whole, hand = list[float](), list[float](), list[dict[str, float]]()
        for _ in range(REBUILDS):
            lab.destroy(node)
            say(f"rebuild of {node} by blackstart")
            whole.append(lab.timed([*lab.verb(), "rebuild", node, "--yes", node]).seconds)
            found = lab.ssh(folder / "ssh_config", lab.FIRST, f"{KUBECTL} get node {node} -o json")
            ready.append(lab.ready_after(json.loads(found), lab.journal()))
            say(f"  Ready: {ready[-1]:.1f} s")
            lab.destroy(node)
            say(f"rebuild of {node} by hand")
            hand.append(by_hand(folder, node))
            lab.up()
        steps = {name: median(each[name] for each in hand) for name in hand[0]}
        yield Row("Rebuild of a dead node, to Ready", median(ready), "s", "by hand", steps["total"])
        yield Row("Rebuild of a dead node, to every leaf healthy and its order closed", median(whole), "s")
        self._by_hand(f"Rebuild of {node} by hand, medians", steps)

    def memory(self) -> Iterator[Row]:
        """Say what the nodes hold, right after a cold start if there was one."""
        held = lab.memory()
        yield from (Row(f"Memory of {name}", value, "MiB") for name, value in held.items())
        yield Row("Memory of the three nodes", sum(held.values()), "MiB")

    def node_local(self) -> Iterator[Row]:
        """Compare the phases that touch only the nodes, on three nodes and on one."""
        if not self.local:
            lab.fresh()
            say("local phases on three nodes")
            self.local = lab.until_local(",".join(lab.NODES))
        lab.fresh()
        say("local phases on one node")
        one = lab.until_local(lab.FIRST)
        yield Row("Node-local phases, three nodes at once", self.local, "s", "one node", one)

    def metal(self) -> Iterator[Row]:
        """Compare an installation over the network, from dark to ssh, with the script that does the same by hand."""
        rehearsal = [sys.executable, "-m", "tests.support.metal.rehearsal"]
        say("installation of an emulated machine by blackstart")
        ours = steps_of([*rehearsal, "blackstart"])
        say("installation of an emulated machine by hand")
        theirs = steps_of([*rehearsal, "by-hand"])
        yield Row("Emulated machine, from dark to ssh on its own disk", ours["total"], "s", "by hand", theirs["total"])
        self._by_hand("Installation by hand", theirs)

    def _by_hand(self, title: str, steps: dict[str, float]) -> None:
        self.details += [f"| {title} | seconds |", "|---|---|"]
        self.details += [f"| {name} | {seconds:.1f} |" for name, seconds in steps.items()]
        self.details.append("")

    def _phases(self) -> None:
        rows = [event for event in lab.journal() if event["kind"] in {"phase_end", "gate_end"}]
        self.details += ["| By blackstart (local phases share one run) | seconds |", "|---|---|"]
        self.details += [f"| {row['phase']}, {row['kind'].partition('_')[0]} | {row['seconds']:.1f} |" for row in rows]
        self.details.append("")


def by_hand(folder: Path, *dead: str) -> dict[str, float]:
    """Run the script, for one dead node if it is named; return seconds by step."""
    return steps_of([str(BY_HAND), str(folder), str(lab.bundle()), *dead])


def steps_of(argv: Sequence[str]) -> dict[str, float]:
    """Run a program that prints its steps; return seconds by step. What goes wrong it says itself."""
    done: dict[str, float] = {}
    environment = {**os.environ, "BLACKSTART": str(Path(sys.executable).with_name("blackstart"))}
    with subprocess.Popen(
        argv, cwd=lab.REPOSITORY, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=environment
    ) as program:
        for line in program.stdout or ():
            name, _, seconds = line.rstrip("\n").partition("\t")
            done[name] = float(seconds)
            say(f"  {name}: {seconds} s")
    if program.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, argv[:3]))} ended with status {program.returncode}")
    return done


def say(text: str) -> None:
    """Tell a waiting person what goes on; the tables alone go to stdout."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is a program of its own


def main() -> None:
    """Enter from `make bench`."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__.split("\n", 1)[0] if __doc__ else ""
    )
    parser.add_argument("--only", action="extend", nargs="+", choices=PARTS, default=[], help="measure these parts")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="blackstart-bench-") as room:
        bench = Bench(args.only or PARTS, Path(room))
        lines = ["| What | Measured | Compared with | Ratio |", "|---|---|---|---|", *map(str, bench.rows())]
    print("\n".join([*lines, "", *bench.details]).rstrip())  # noqa: T201 - as above


if __name__ == "__main__":
    main()
