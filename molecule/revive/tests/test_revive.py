"""A broken pod of a controller was made anew; a pod that stands alone is somebody's own and was left."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Kubectl


def test_the_pod_of_a_controller_becomes_another_one(
    kubectl: Kubectl, until: Callable[[Callable[[], bool], float], None]
) -> None:
    before = kubectl("configmap", "before", "--namespace=default")["data"]["revived-0"]

    def uids() -> list[str]:
        pods = kubectl("pods", "--namespace=default", "--selector=app=revived")["items"]
        return [pod["metadata"]["uid"] for pod in pods]

    # The old one may take its time to go, and the role does not wait for it.
    until(lambda: len(uids()) == 1 and before not in uids(), 60)


def test_the_pod_that_stands_alone_is_the_same(kubectl: Kubectl) -> None:
    pod = kubectl("pod", "alone", "--namespace=default")
    remembered = kubectl("configmap", "before", "--namespace=default")["data"]
    assert pod["metadata"]["uid"] == remembered["alone"]
