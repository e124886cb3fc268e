"""Take a node out of etcd and out of the API, from another control plane that is well.

Every call looks again and refuses by the same rules (blackstart/node/kube/removal.py), so that what changed during
a long drain counts. What is already removed is no error: an interrupted removal can be repeated.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..etcd.client import Etcd
from ..etcd.quorum import EtcdError
from ..kubectl import Kubectl
from .removal import (
    OUT_OF_SERVICE,
    ClusterFacts,
    Plan,
    Wish,
    attached,
    plan,
    without_taint,
)

if TYPE_CHECKING:
    from ..module import Module

POLL = 1.0  # seconds


class Removal:
    """One call of the module."""

    def __init__(self, module: Module) -> None:
        """Read the parameters, and get ready to ask the etcd of this node."""
        params = module.params
        self.module = module
        self.wish = Wish(
            name=params["node"],
            address=params["address"],
            acting=params["acting"],
            known=params["known"],
            dead=params["dead"],
            off=params["surely_off"],
        )
        self.kubectl = Kubectl(params["kubeconfig"], params["server"])
        self.etcd = Etcd()

    def seen(self) -> ClusterFacts:
        """Look at the cluster."""
        here = f"--field-selector=spec.nodeName={self.wish.name}"
        return ClusterFacts(
            nodes=self.kubectl.get("nodes"),
            members=self.etcd.members([self.wish.address] if self.wish.off else []),
            pods=self.kubectl.get("pods", "--all-namespaces", here),
            attachments=self.kubectl.get("volumeattachments"),
        )

    def examined(self) -> dict[str, Any]:
        """Return what is left to do; fails the module with every objection at once."""
        return {"changed": False, **self.decide()._asdict()}

    def decide(self) -> Plan:
        """Return the plan; fails the module when anything speaks against it."""
        found = plan(self.wish, self.seen())
        if found.objections:
            lines = "\n".join(f"- {line}" for line in found.objections)
            self.module.fail_json(
                msg=f"{self.wish.name} is not removed from the cluster; nothing was changed:\n{lines}",
                objections=found.objections,
                blackstart_refused=True,
            )
        return found

    def detached(self) -> dict[str, Any]:
        """Say that the node is out of service, and wait until no volume is attached to it.

        The taint goes with the Node (https://kubernetes.io/docs/concepts/cluster-administration/node-shutdown/).
        """
        found = self.decide()
        if not (found.node and self.wish.dead and self.wish.off):
            return {"changed": False, "msg": "not asked for, or no Node"}
        (node,) = self.kubectl.get("node", self.wish.name)
        taints = node["spec"].get("taints") or []
        new = [*without_taint(taints), OUT_OF_SERVICE]
        changed = OUT_OF_SERVICE not in [{key: taint.get(key) for key in OUT_OF_SERVICE} for taint in taints]
        if changed and not self.module.check_mode:
            self.kubectl.patch_node(self.wish.name, {"spec": {"taints": new}})
        if not self.module.check_mode:
            self.wait_for_volumes()
        return {"changed": changed, "msg": "out of service, and no volume is attached"}

    def wait_for_volumes(self) -> None:
        """Wait until the attach-detach controller has detached the node's volumes."""
        end = time.monotonic() + self.module.params["timeout"]
        while names := attached(self.kubectl.get("volumeattachments"), self.wish.name):
            if time.monotonic() > end:
                self.module.fail_json(
                    msg=f"after {self.module.params['timeout']} s volumes are still attached to {self.wish.name}: "
                    f"{', '.join(names)}. Look at the volume's driver (`kubectl get volumeattachments`, its controller "
                    "pods), then run the same command again"
                )
            time.sleep(POLL)

    def absent(self) -> dict[str, Any]:
        """Remove the member, prove that the others are well, then delete the Node."""
        found = self.decide()
        done = []
        if found.member:
            done.append(f"etcd member {found.member}")
            if not self.module.check_mode:
                self.etcd.take_lead(found.member)
                self.etcd.remove(found.member)
                self.prove()
        if found.node:
            done.append("its Node")
            if not self.module.check_mode:
                self.kubectl.run("delete", "node", self.wish.name, "--ignore-not-found", "--wait=true", "--timeout=60s",
                                 seconds=90)  # fmt: skip
        return {
            "changed": bool(done),
            "removed": done,
            "msg": f"removed {' and '.join(done)}" if done else "it is gone",
        }

    def prove(self) -> None:
        """Wait until the members that stayed are all healthy; a leader that left is followed within seconds."""
        end = time.monotonic() + self.module.params["timeout"]
        while True:
            try:
                sick = [member.title for member in self.etcd.members() if not (member.healthy or member.learner)]
            except EtcdError as error:
                sick = [str(error)]
            if not sick:
                return
            if time.monotonic() > end:
                self.module.fail_json(
                    msg=f"{self.wish.name} is no member of etcd any more, and {self.module.params['timeout']} s later "
                    f"these are not healthy: {', '.join(sick)}. Bring them back first, then run the same command again"
                )
            time.sleep(POLL)
