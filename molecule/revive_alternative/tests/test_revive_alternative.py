"""A pod of another controller in another namespace was made anew; one that was not named was left."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Kubectl, Until

NAMESPACE = "--namespace=elsewhere"


def test_the_pod_of_the_replica_set_is_another_one(kubectl: Kubectl, until: Until) -> None:
    before = kubectl("configmap", "before", "--namespace=default")["data"]["adopted"]

    def anew() -> tuple[bool, object]:
        pods = kubectl("pods", NAMESPACE, "--selector=app=adopting")["items"]
        uids = [pod["metadata"]["uid"] for pod in pods]
        return len(uids) == 1 and before not in uids, {"before": before, "now": uids}

    until(anew, 60)


def test_the_pod_that_was_not_named_is_the_same(kubectl: Kubectl) -> None:
    remembered = kubectl("configmap", "before", "--namespace=default")["data"]
    assert kubectl("pod", "unnamed", NAMESPACE)["metadata"]["uid"] == remembered["unnamed"]
