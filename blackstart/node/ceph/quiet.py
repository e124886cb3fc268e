"""Look at Ceph from a control plane, make one of its hosts quiet, and undo that.

What may be done is decided elsewhere (blackstart/ceph); this only asks and does. A mark in Ceph's own key-value store
comes before the flag that it stands for, and goes after it: an interrupted call leaves no flag without its mark.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from ..kubectl import Kubectl
from .client import MARKS, NOT_FOUND, Ceph, CephError, rook

if TYPE_CHECKING:
    from ..module import Module

# Rook leaves monitors alone while one of their Deployments carries it, with any value; ours says whose it is
# (pkg/operator/ceph/cluster/mon/health.go, pkg/operator/ceph/controller/spec.go).
LEAVE = "ceph.rook.io/do-not-reconcile"
OURS = "blackstart"
_HANDOVER_SECONDS = 60.0


class Call:
    """One call of the module."""

    def __init__(self, module: Module) -> None:
        """Read the parameters."""
        self.params: dict[str, Any] = module.params
        self.kubectl = Kubectl(module.params["kubeconfig"], module.params["server"])
        self.done: list[str] = []

    def ceph(self) -> Ceph | None:
        """Return the way to Ceph, None when there is none."""
        command = self.params["command"] or rook(self.kubectl, self.params["namespace"], self.params["node"])
        return Ceph(command) if command else None

    def looked(self, ceph: Ceph) -> dict[str, Any]:
        """Return what was seen."""
        return {"changed": False, "seen": ceph.look()}

    def quiet(self, ceph: Ceph) -> dict[str, Any]:
        """Mark, then set noout, then have Rook leave the monitors alone and the manager hand over."""
        if mark := self.params["mark"]:
            ceph.run("config-key", "set", MARKS + self.params["host"], json.dumps(mark))
            self.done.append("mark written")
        self.flag(ceph, "set-group")
        for name, whose in self.labels():
            if not whose:
                self.kubectl.run(
                    "label", "deployment", name, "--namespace", self.params["namespace"], f"{LEAVE}={OURS}"
                )
                self.done.append(f"{name} kept from Rook's failover")
        if name := self.params["fail"]:
            ceph.run("mgr", "fail", name)
            self.await_manager(ceph, name)
            self.done.append(f"manager {name} failed over")
        return {"changed": bool(self.done), "done": self.done}

    def back(self, ceph: Ceph) -> dict[str, Any]:
        """Unset noout, have Rook care for the monitors again, then remove the mark."""
        self.flag(ceph, "unset-group")
        for name, whose in self.labels():
            if whose == OURS:
                self.kubectl.run("label", "deployment", name, "--namespace", self.params["namespace"], f"{LEAVE}-")
                self.done.append(f"{name} given back to Rook")
        key = MARKS + self.params["host"]
        if marked(ceph, key):
            ceph.run("config-key", "rm", key)
            self.done.append("mark removed")
        return {"changed": bool(self.done), "done": self.done}

    def flag(self, ceph: Ceph, verb: str) -> None:
        """Set or unset noout on single OSDs: Rook unsets it on a CRUSH host that it does not drain itself."""
        if osds := [f"osd.{number}" for number in self.params["noout"]]:
            ceph.run("osd", verb, "noout", *osds)
            self.done.append(f"noout {'set' if verb == 'set-group' else 'unset'} on {', '.join(osds)}")

    def labels(self) -> list[tuple[str, str]]:
        """Return Rook's Deployments of the host's monitors, each with the value of the label, empty without it."""
        if self.params["command"]:
            return []
        found = []
        for name in self.params["mons"]:
            for item in self.kubectl.get(
                "deployment", f"rook-ceph-mon-{name}", "--namespace", self.params["namespace"]
            ):
                labels = item["metadata"].get("labels", {})
                found.append((item["metadata"]["name"], (labels[LEAVE] or "a person") if LEAVE in labels else ""))
        return found

    def await_manager(self, ceph: Ceph, failed: str) -> None:
        """Wait until another manager is active."""
        end = time.monotonic() + _HANDOVER_SECONDS
        while (seen := ceph.ask("mgr", "stat"))["active_name"] in {"", failed} or not seen["available"]:
            if time.monotonic() > end:
                text = f"no manager took over from {failed} within {_HANDOVER_SECONDS:.0f} s: look at `ceph mgr stat`"
                raise CephError(text)
            time.sleep(0.5)


def marked(ceph: Ceph, key: str) -> bool:
    """Tell whether there is a mark."""
    try:
        ceph.run("config-key", "exists", key)
    except CephError as error:
        if error.status == NOT_FOUND:
            return False
        raise
    return True
