"""Cordon a node, drain it with PodDisruptionBudgets respected, and undo exactly that.

Who cordoned is written on the Node itself: a cordon outlives a reboot, and a later run must be able to tell
ours from a person's, which stays. A drain that does not get through takes its own cordon back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..kubectl import Kubectl, KubectlError, unknown
from .eviction import blockers, contested, evictable, irreplaceable, title
from .objects import CORDONED

if TYPE_CHECKING:
    from ..module import Module


class Drain:
    """One call of the module."""

    def __init__(self, module: Module) -> None:
        """Read the parameters."""
        self.module = module
        self.name: str = module.params["node"]
        self.kubectl = Kubectl(module.params["kubeconfig"], module.params["server"])

    def refuse(self, text: str, **more: Any) -> None:  # noqa: ANN401 - whatever a result may hold
        """Fail the module, and tell whoever runs the playbook that it was for safety's sake."""
        self.module.fail_json(msg=text, blackstart_refused=True, **more)

    def node(self) -> dict[str, Any]:
        """Return the Node; fails the module with the nearest name when there is none."""
        nodes = {item["metadata"]["name"]: item for item in self.kubectl.get("nodes")}
        if self.name not in nodes:
            self.refuse(f"{unknown(self.name, nodes)}. Nothing was changed")
        found: dict[str, Any] = nodes[self.name]
        return found

    def pods(self) -> list[dict[str, Any]]:
        """Return all pods on the node."""
        found: list[dict[str, Any]] = self.kubectl.get(
            "pods", "--all-namespaces", f"--field-selector=spec.nodeName={self.name}"
        )
        return found

    def budgets(self) -> list[dict[str, Any]]:
        """Return all PodDisruptionBudgets."""
        found: list[dict[str, Any]] = self.kubectl.get("poddisruptionbudgets", "--all-namespaces")
        return found

    def refuse_losses(self, pods: list[dict[str, Any]]) -> None:
        """Fail the module when the drain would lose something that was not declared expendable."""
        emptydir, unmanaged = self.module.params["delete_emptydir"], self.module.params["delete_unmanaged"]
        lost = irreplaceable(pods, unmanaged=unmanaged, emptydir=emptydir)
        if lost:
            self.refuse(
                f"{self.name} was not drained, and nothing was changed: it holds what would be lost:\n{_listed(lost)}\n"
                "Move it or delete it by hand; or say that it may be lost: node_drain_delete_unmanaged=true for pods "
                "without a controller, node_drain_delete_emptydir=true for emptyDirs. Then run the same command again"
            )
        if twice := contested(pods, self.budgets()):
            self.refuse(
                f"{self.name} was not drained, and nothing was changed: the API never evicts a pod that two budgets "
                f"count:\n{_listed(twice)}\nChange the selector of one of the two, then run the same command again"
            )

    def cordon(self) -> dict[str, Any]:
        """Keep new pods away."""
        node = self.node()
        self.refuse_losses(self.pods())
        if node["spec"].get("unschedulable"):
            whose = node["metadata"].get("annotations", {}).get(CORDONED)
            return {"changed": False, "msg": f"cordoned already: {whose or 'by a person, who has to undo it'}"}
        if not self.module.check_mode:
            note = {"annotations": {CORDONED: self.module.params["reason"]}}
            self.kubectl.patch_node(self.name, {"metadata": note, "spec": {"unschedulable": True}})
        return {"changed": True, "msg": "cordoned"}

    def drain(self) -> dict[str, Any]:
        """Move what is on the node; takes back our cordon when that fails."""
        names = sorted(title(pod) for pod in evictable(self.pods()))
        if not names or self.module.check_mode:
            return {"changed": bool(names), "evicted": names, "msg": f"{len(names)} pods to move"}
        timeout: int = self.module.params["timeout"]
        words = ["--ignore-daemonsets", f"--timeout={timeout}s"]
        words += ["--delete-emptydir-data"] if self.module.params["delete_emptydir"] else []
        words += ["--force"] if self.module.params["delete_unmanaged"] else []
        try:
            self.kubectl.run("drain", self.name, *words, seconds=timeout + 30)
        except KubectlError as error:
            self.give_up(str(error))
        return {"changed": True, "evicted": names, "msg": f"{len(names)} pods moved"}

    def give_up(self, said: str) -> None:
        """Fail the module with what blocks, after the cordon was taken back."""
        held = blockers(self.pods(), self.budgets())
        undone = self.uncordon()["changed"]
        now = "It takes new pods again" if undone else "It stays cordoned, as it was found"
        why = "\n".join(f"- {one['pod']}: {one['why']}\n  -> {one['todo']}" for one in held)
        self.refuse(
            f"{self.name} was not drained: {len(held)} of its pods did not go within {self.module.params['timeout']} s "
            f"(node_drain_timeout). {now}; pods that had gone stay where they are.\n{why or '- none is left by now'}\n"
            f"Then run the same command again. {said}",
            blocked=held,
        )

    def uncordon(self) -> dict[str, Any]:
        """Let pods come again, when it was us who kept them away."""
        node = self.node()
        if CORDONED not in node["metadata"].get("annotations", {}):
            left = "; it is cordoned, but by a person, and stays so" if node["spec"].get("unschedulable") else ""
            return {"changed": False, "msg": f"nothing of ours to undo{left}"}
        if not self.module.check_mode:
            note = {"annotations": {CORDONED: None}}
            self.kubectl.patch_node(self.name, {"metadata": note, "spec": {"unschedulable": None}})
        return {"changed": True, "msg": "takes pods again"}


def _listed(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
