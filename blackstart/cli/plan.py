"""`blackstart plan`: the path from what is seen to what is wanted, with reasons; changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from blackstart.words import some

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from blackstart.engine.plan import Todo

_MOST = 5  # reasons of one step that are shown


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its options."""
    parser = verbs.add_parser("plan", help="show what `up` would do now, and why", description=__doc__)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look once and print the steps."""
    from blackstart.cli.session import document, session
    from blackstart.engine.plan import plan
    from blackstart.engine.run import require_reachable
    from blackstart.verbs import UP

    with session(args, UP, need_bundle=False) as opened:
        observed = opened.observer.look()
        require_reachable(observed, opened.limit, opened.ordered)
        todos = plan(UP, opened.desired, observed, opened.limit)
        if args.json:
            print(document({"cluster": opened.desired.name, "steps": [todo.event() for todo in todos]}))
        elif todos:
            print(text(todos))
        else:
            print("nothing to do: every node is ready and every phase is as the inventory wants it")
    return 0


def text(todos: Sequence[Todo]) -> str:
    """Write steps out, each with its reasons by node, or with what refuses it."""
    lines = []
    for number, todo in enumerate(todos, 1):
        lines.append(f"{number:2}. {todo.step.name}: {todo.step.title}")
        by_text: dict[str, list[str]] = {}
        for reason in todo.reasons:
            by_text.setdefault(reason.text, []).append(reason.node or "cluster")
        if todo.refusal is not None:
            by_text = {todo.refusal.message: ["REFUSED"]}
        said = [f"{some(nodes)}: {text}" for text, nodes in by_text.items()]
        said = [*said[:_MOST], *([f"and {len(said) - _MOST} more; --json has all"] if len(said) > _MOST else [])]
        lines += [f"      {line}" for one in said for line in one.splitlines()]
    return "\n".join(lines)
