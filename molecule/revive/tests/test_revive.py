"""A broken pod of a controller was made anew; a pod that stands alone is somebody's own and was left."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conftest import Kubectl


def test_the_pod_of_a_controller_is_another_one(kubectl: Kubectl) -> None:
    pod = kubectl("pod", "revived-0", "--namespace=default")
    remembered = kubectl("configmap", "before", "--namespace=default")["data"]
    assert pod["metadata"]["uid"] != remembered["revived-0"]


def test_the_pod_that_stands_alone_is_the_same(kubectl: Kubectl) -> None:
    pod = kubectl("pod", "alone", "--namespace=default")
    remembered = kubectl("configmap", "before", "--namespace=default")["data"]
    assert pod["metadata"]["uid"] == remembered["alone"]
