"""A broken pod of a controller was made anew; a pod that stands alone is somebody's own and was left."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Kubectl, Refused, Until


def test_the_pod_of_a_controller_becomes_another_one(kubectl: Kubectl, until: Until) -> None:
    before = kubectl("configmap", "before", "--namespace=default")["data"]["revived-0"]

    def anew() -> tuple[bool, object]:
        pods = kubectl("pods", "--namespace=default", "--selector=app=revived")["items"]
        uids = [pod["metadata"]["uid"] for pod in pods]
        return len(uids) == 1 and before not in uids, {"before": before, "now": uids}

    # The old one may take its time to go, and the role does not wait for it.
    until(anew, 60)


def test_the_pod_that_stands_alone_is_the_same(kubectl: Kubectl) -> None:
    pod = kubectl("pod", "alone", "--namespace=default")
    remembered = kubectl("configmap", "before", "--namespace=default")["data"]
    assert pod["metadata"]["uid"] == remembered["alone"]


def test_it_refuses_a_pod_without_its_namespace(refused: Refused) -> None:
    refused("revive", "wanted: a list of {namespace, name}", revive_pods=[{"name": "alone"}])
