"""Serve machines that boot from the network, and show what they request. Installs nothing.

Only a run of `rebuild` authorises an installation, in its own process and for one machine; it serves by itself. This
verb tells every machine that nothing is ordered, and its firmware continues with its disk: use it to test cables,
firmware settings and the network.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    from blackstart.cli.session import Session


def add_parser(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb and its options."""
    parser = verbs.add_parser(
        "netboot", help="serve machines that boot from the network, as a test", description=__doc__
    )
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--check", action="store_true", help="check that everything needed to serve is there, and exit")
    only.add_argument(
        "--fetch", action="store_true", help="download and unpack the ISO that the inventory pins, and exit"
    )
    only.add_argument("--iso", type=Path, metavar="FILE", help="unpack the live system of a local ISO, and exit")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do what the option says; without one, serve until Ctrl-C."""
    from blackstart.cli.display import say
    from blackstart.cli.session import session
    from blackstart.metal import files

    with session(args, (), need_bundle=False) as opened:
        if args.fetch:
            files.fetch(opened.desired, say)
        elif args.iso:
            files.unpack(opened.desired, args.iso, say)
        elif args.check:
            return _check(args, opened)
        else:
            _serve(opened)
    return 0


def _check(args: argparse.Namespace, opened: Session) -> int:
    from blackstart.cli.session import document
    from blackstart.errors import BlackstartError, Exit
    from blackstart.metal import files, http, pxe, serve

    desired = opened.desired
    found: dict[str, Any] = {"nodes": _nodes(opened), "problems": []}
    try:
        found["files"] = len(files.served(desired))
    except BlackstartError as error:
        found["problems"].append({"problem": error.message, "hint": error.hint})
    try:
        address = serve.own_address(desired)
        found |= {"address": str(address), "interface": pxe.interface(address), "loader": str(pxe.loader())}
        pxe.require_ports(found["interface"])
        http.require_port(str(address))
    except BlackstartError as error:
        found["problems"].append({"problem": error.message, "hint": error.hint})
    if args.json:
        print(document(found))
    else:
        print("\n".join(_lines(found)))
    return int(Exit.INPUT if found["problems"] else Exit.OK)


def _nodes(opened: Session) -> list[dict[str, str]]:
    from blackstart.metal import order, pxe

    known = pxe.macs(opened.desired)
    orders = {name: order.read(opened.state, name) for name in opened.desired.node_names}
    return [
        {"node": name, "mac": known.get(name, ""), "order": there.id if (there := orders[name]) else ""}
        for name in opened.desired.node_names
    ]


def _lines(found: dict[str, Any]) -> list[str]:
    """Render what was found (pure)."""
    lines = [
        f"{node['node']:<14} {node['mac'] or 'nic_lan.mac is not filled in':<30} "
        f"{'order ' + node['order'] + ' is open' if node['order'] else 'nothing is ordered'}"
        for node in found["nodes"]
    ]
    if "address" in found:
        lines.append(f"served from {found['address']} on {found['interface']}, iPXE from {found['loader']}")
    if "files" in found:
        lines.append(f"the live system is there ({found['files']} files)")
    for entry in found["problems"]:
        lines += [f"problem: {entry['problem']}", *([f"  -> {entry['hint']}"] if entry["hint"] else [])]
    return [*lines, "cannot serve" if found["problems"] else "ready to serve"]


def _serve(opened: Session) -> None:
    import signal

    from blackstart.cli.display import say
    from blackstart.metal.serve import serving

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with serving(opened.desired, opened.state, say) as server:
        say("\n".join(_lines({"nodes": _nodes(opened), "problems": []})[:-1]))
        say(f"serving at {server.url} until Ctrl-C; no installation is authorised: only `rebuild` does that")
        try:
            signal.pause()
        except KeyboardInterrupt:
            say("stopped")
