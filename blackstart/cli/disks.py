"""Show every disk of every node, its role and state, and the evidence. Writes nothing.

A disk is usable only when it is verified to be blank: both ends are read, every place where a format keeps copies, and
samples of the rest; with --full the whole disk.

Exit code 0 when all named disks are usable, in use by this cluster, or placeholders; 3 when one is refused; 4 when a
node cannot be reached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from blackstart.disks.verdict import Verdict
    from blackstart.errors import BlackstartError

_COLUMNS = ("node", "disk", "role", "state", "size", "evidence")


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its options."""
    parser = verbs.add_parser("disks", help="show every disk, its role and state, and why", description=__doc__)
    parser.add_argument("--full", action="store_true", help="read named disks from end to end (minutes to hours)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look at all nodes at once, judge, print."""
    import secrets

    from blackstart.cli.session import document, session
    from blackstart.disks.facts import DiskTable
    from blackstart.disks.judge import judge
    from blackstart.errors import Exit, UnreachableError
    from blackstart.probe.disks import look

    seed = secrets.token_hex(8)
    with session(args, (), need_bundle=False) as opened:
        desired = opened.desired
        tables = look(opened.observer.fleet, desired, seed=seed, full=args.full, nodes=opened.limit)
    errors: dict[str, BlackstartError] = {}
    verdicts: list[Verdict] = []
    for name, table in tables.items():
        if isinstance(table, DiskTable):
            verdicts += judge(desired.node(name), table, fsid=desired.storage.ceph_fsid)
        elif isinstance(table, UnreachableError):
            errors[name] = table
        else:
            raise table
    if args.json:
        print(document(as_document(desired.name, verdicts, errors, seed)))
    else:
        print(text(verdicts, errors))
    if any(_refused(verdict) for verdict in verdicts):
        return int(Exit.REFUSED)
    return int(Exit.UNREACHABLE if errors else Exit.OK)


def _refused(verdict: Verdict) -> bool:
    from blackstart.disks.verdict import Role, State

    return verdict.role is not Role.UNNAMED and verdict.state is State.REFUSED and not verdict.to_fill_in


def as_document(
    name: str, verdicts: Sequence[Verdict], errors: Mapping[str, BlackstartError], seed: str
) -> dict[str, Any]:
    """Return what --json prints; `rook` holds the disks in the form of CephCluster's spec.storage."""
    from dataclasses import asdict

    from blackstart.disks import rook, sampling

    disks = [
        {
            **{field: value for field, value in asdict(verdict).items() if field != "seen"},
            "data_at_risk": verdict.data_at_risk,
            "blank": sampling.words(verdict.seen) if verdict.seen and verdict.seen.blank.proven else "",
            "seen": asdict(verdict.seen) if verdict.seen else None,
        }
        for verdict in verdicts
    ]
    unreachable = {node: {"error": error.message, "hint": error.hint} for node, error in errors.items()}
    storage = {"nodes": rook.nodes(verdicts), "device_path_filters": rook.filters(verdicts)}
    return {"name": name, "seed": seed, "disks": disks, "unreachable": unreachable, "rook": storage}


def text(verdicts: Sequence[Verdict], errors: Mapping[str, BlackstartError]) -> str:
    """Render the table; each further reason and each next command is a line below its disk (pure)."""
    rows: list[tuple[tuple[str, ...], list[str]]] = [(_COLUMNS, [])]
    rows += [(_row(verdict), _below(verdict)) for verdict in verdicts]
    widths = [max(len(row[column]) for row, _ in rows) for column in range(len(_COLUMNS) - 1)]
    lines = []
    for row, below in rows:
        lines.append("  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=False)), row[-1]]))
        lines += [f"{'':{widths[0]}}  {line}" for line in below]
    for node, error in errors.items():
        lines += [f"{node}: {error.message}", *([f"  -> {error.hint}"] if error.hint else [])]
    return "\n".join(lines)


def _row(verdict: Verdict) -> tuple[str, ...]:
    size = f"{verdict.seen.size_bytes / 1e9:.0f} GB" if verdict.seen else "?"
    state = "to fill in" if verdict.to_fill_in else verdict.state
    return verdict.node, verdict.disk, verdict.role, state, size, _evidence(verdict)


def _evidence(verdict: Verdict) -> str:
    from blackstart.disks import sampling

    if verdict.reasons:
        return verdict.reasons[0].text
    if verdict.osd:
        return f"{verdict.osd}{', at work' if verdict.live else ', idle'}"
    if verdict.seen and verdict.seen.blank.looked:
        return f"blank: {sampling.words(verdict.seen)}"
    return "the running system is on it"


def _below(verdict: Verdict) -> list[str]:
    """Return what stands below a named disk's row: the next command for each reason, and the further reasons."""
    if not (_refused(verdict) or verdict.to_fill_in):
        return []
    lines = []
    for number, reason in enumerate(verdict.reasons):
        lines += [f"and: {reason.text}"] if number else []
        lines += [f"  -> {reason.hint}"] if reason.hint else []
    return lines
