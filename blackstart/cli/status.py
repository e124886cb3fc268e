"""`blackstart status`: what is seen right now, node by node and gate by gate; changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from blackstart.engine.status import Status


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its options."""
    parser = verbs.add_parser("status", help="show the cluster and every node as they are now", description=__doc__)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look once and print it; 0 whatever is seen, since looking worked, 4 when no node answers at all."""
    from blackstart.cli.session import document, session
    from blackstart.engine.status import status
    from blackstart.errors import Exit
    from blackstart.verbs import UP

    with session(args, UP, need_bundle=False) as opened:
        seen = status(opened.desired, opened.observer.look(), UP)
        if args.json:
            print(document({"name": opened.desired.name, **seen.document()}))
        else:
            print(f"{opened.desired.name}: {seen.cluster}\n{text(seen)}")
        return int(Exit.OK if opened.observer.reachable() else Exit.UNREACHABLE)


def text(seen: Status) -> str:
    """Render nodes, closed gates and warnings as aligned lines."""
    width = max(len(node.name) for node in seen.nodes)
    lines = [f"  {node.name:<{width}}  {node.address:<15}  {node.state:<9}  {node.detail}" for node in seen.nodes]
    lines += [f"  waiting: {name}: {what}" for name, is_open, what in seen.gates if not is_open]
    lines += [f"  warning: {name}: {line}" for name, text in seen.warnings for line in text.splitlines()]
    return "\n".join(lines)
