"""What every verb that looks at a cluster begins with: inventory, checks, bundle, connections."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blackstart import paths
from blackstart.bundle.manifest import Bundle
from blackstart.engine.observer import Observer
from blackstart.engine.ssh import Fleet
from blackstart.errors import InputError, UnreachableError
from blackstart.metal.order import folder
from blackstart.model.check import check
from blackstart.model.load import load, resolve
from blackstart.model.problem import InventoryError, Severity

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from blackstart.model.cluster import Cluster, Node
    from blackstart.step import Step


@dataclass(frozen=True, slots=True)
class Session:
    """An inventory that passed its checks, and open connections to what it describes."""

    desired: Cluster
    sources: Sequence[Path]
    bundle: Bundle | None
    observer: Observer
    limit: tuple[str, ...]

    @property
    def state(self) -> Path:
        """The cluster's state folder."""
        return paths.state(self.desired.name)

    def node(self, name: str) -> Node:
        """Return a node by its name; InputError with the one that was probably meant when there is none."""
        names = self.desired.node_names
        if name not in names:
            near = get_close_matches(name, names, n=1)
            raise InputError(
                f"the inventory has no node {name}",
                hint=f"did you mean {near[0]}?" if near else f"its nodes are {', '.join(names)}",
            )
        return self.desired.node(name)

    @property
    def ordered(self) -> list[str]:
        """The nodes whose rebuild was begun and not ended."""
        return [name for name in self.desired.node_names if folder(self.state, name).is_dir()]


@contextmanager
def session(args: argparse.Namespace, steps: Sequence[Step], *, need_bundle: bool) -> Iterator[Session]:
    """Open a session; raises InventoryError with every problem of the inventory at once."""
    sources = resolve([str(name) for name in args.inventory], Path.cwd())
    desired, hostvars = load(sources)
    bundle = _bundle(desired.bundle_path, need=need_bundle)
    if problems := [problem for problem in check(sources, hostvars, bundle) if problem.severity is Severity.ERROR]:
        raise InventoryError(problems)
    limit = _limit(args.limit, desired)
    _require_network(desired)
    fleet = Fleet(desired.nodes, paths.state(desired.name))
    try:
        yield Session(desired, sources, bundle, Observer(desired, fleet, steps, hostvars, bundle, sources), limit)
    finally:
        fleet.close()


def _require_network(desired: Cluster) -> None:
    """Refuse to send anything to a network of this machine's own while it is not there: it would leave the machine."""
    network = desired.network
    if not network.on_this_machine or network.gateway is None:
        return
    with socket.socket() as probe:
        try:
            probe.bind((str(network.gateway), 0))
        except OSError as error:
            raise UnreachableError(
                f"{network.gateway}, this machine's address on {network.nodes}, is not there: the lab is down",
                hint="blackstart lab up",
            ) from error


def _bundle(path: Path, *, need: bool) -> Bundle | None:
    try:
        return Bundle.read(path)
    except InputError:
        if need:
            raise
        return None


def _limit(words: str | None, desired: Cluster) -> tuple[str, ...]:
    names = tuple(words.split(",")) if words else desired.node_names
    if unknown := [name for name in names if name not in desired.node_names]:
        raise InputError(
            f"--limit names {', '.join(unknown)}, which the inventory does not know",
            hint=f"its nodes are {', '.join(desired.node_names)}",
        )
    return names


def document(value: dict[str, Any]) -> str:
    """Render the one JSON document of --json."""
    import json

    return json.dumps(value, indent=2, ensure_ascii=False)
