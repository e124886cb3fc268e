"""kubectl on a control plane: through the node's own API server, so with VIP and DNS down as well."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from .command import run

if TYPE_CHECKING:
    from collections.abc import Iterable

REQUEST_SECONDS = 20
# What a module that uses it takes, as Ansible's argument spec.
OPTIONS = {"kubeconfig": {"type": "str", "required": True}, "server": {"type": "str", "required": True}}


class KubectlError(Exception):
    """kubectl ended with an error; its text is kubectl's last lines, which never show what standard input held."""


class Kubectl:
    """One API server, asked as the cluster's administrator."""

    def __init__(self, kubeconfig: str, server: str) -> None:
        """Ask the API server at a URL with the identity in a kubeconfig."""
        self._words = ["kubectl", f"--kubeconfig={kubeconfig}", f"--server={server}"]

    def words(self, *words: str) -> list[str]:
        """Return the command line of kubectl with these words, for whoever runs it by himself."""
        return [*self._words, *words]

    def run(self, *words: str, stdin: str = "", seconds: float = 60.0) -> str:
        """Run kubectl and return what it prints.

        Raises KubectlError when it fails or takes longer than so many seconds.
        """
        # A drain has a deadline of its own, which a limit on each request would not know of.
        limit = [] if words[0] == "drain" else [f"--request-timeout={REQUEST_SECONDS}s"]
        ended = run([*self._words, *limit, *words], stdin=stdin, seconds=seconds)
        if ended.status != 0:
            raise KubectlError(f"kubectl {' '.join(words[:3])} failed: {ended.said()}")
        return ended.out

    def get(self, *words: str) -> list[dict[str, Any]]:
        """Return the objects that `kubectl get` finds; none is no error."""
        text = self.run("get", *words, "--ignore-not-found", "--output=json")
        document = json.loads(text) if text.strip() else {"items": []}
        items: list[dict[str, Any]] = document.get("items", [document])
        return items

    def patch_node(self, name: str, change: dict[str, Any]) -> None:
        """Merge a change into a Node; None removes a field (RFC 7386)."""
        self.run("patch", "node", name, "--type=merge", f"--patch={json.dumps(change)}")


def unknown(name: str, known: Iterable[str]) -> str:
    """Say that there is no node of this name, and which it might be."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1, cutoff=0.6)
    meant = f"; is {near[0]} meant?" if near else "."
    return f"there is no node {name!r}{meant} There are {', '.join(names) or 'none'}"
