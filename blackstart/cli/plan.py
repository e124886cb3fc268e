"""`blackstart plan`: the path from what is seen to what is wanted, with reasons; changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from blackstart.engine.run import Step


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its options."""
    parser = verbs.add_parser("plan", help="show what `up` would do now, and why", description=__doc__)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look once and print the steps."""
    from blackstart.cli.session import document, session
    from blackstart.engine.run import plan, refuse_unreachable, step_event
    from blackstart.verbs import UP

    with session(args, UP, need_bundle=False) as opened:
        observed = opened.observer.look()
        refuse_unreachable(observed, opened.limit, opened.ordered)
        steps = plan(UP, opened.desired, observed, opened.limit)
        if args.json:
            print(document({"cluster": opened.desired.name, "steps": [step_event(step) for step in steps]}))
        else:
            print(_text(steps))
    return 0


def _text(steps: tuple[Step, ...]) -> str:
    if not steps:
        return "nothing to do: every node is ready and every phase is as the inventory wants it"
    lines = []
    for number, step in enumerate(steps, 1):
        lines.append(f"{number:2}. {step.phase.name}: {step.phase.title}")
        by_text: dict[str, list[str]] = {}
        for reason in step.reasons:
            by_text.setdefault(reason.text, []).append(reason.node or "cluster")
        lines += [f"      {', '.join(nodes)}: {text}" for text, nodes in by_text.items()]
    return "\n".join(lines)
