"""The images are in containerd, under the digests of the bundle, and stay without a registry."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conftest import Refused, Until
    from testinfra.host import Host

IN_TIME = 300  # seconds for every set; the control plane's comes first and takes five


def listed(host: Host) -> dict[str, str]:
    lines = host.check_output("ctr --namespace k8s.io images list").splitlines()[1:]
    return {words[0]: words[2] for words in (line.split() for line in lines)}


@pytest.fixture
def wanted(host: Host) -> dict[str, str]:
    """Return the digests of the bundle's images by their names."""
    document = json.loads(host.check_output("cat /bundle/bundle.json"))
    return {image["name"]: image["digest"] for image in document["images"]}


def test_every_image_is_there_with_the_digest_of_the_bundle(host: Host, wanted: dict[str, str], until: Until) -> None:
    def imported() -> tuple[bool, object]:
        missing = sorted(wanted.keys() - listed(host).keys())
        unit = host.run("systemctl status --no-pager --lines=10 blackstart-preload")
        return not missing, {"missing": missing, "unit": unit.stdout.splitlines()}

    until(imported, IN_TIME)
    there = listed(host)
    assert {name: there[name] for name in wanted} == wanted


def test_the_cri_sees_them_too(host: Host) -> None:
    """Look for the label that containerd's CRI lists images by; without it the kubelet would pull."""
    labels = host.check_output("ctr --namespace k8s.io images list name==registry.k8s.io/pause:3.10.1").splitlines()[-1]
    assert "io.cri-containerd.image=managed" in labels


def test_it_refuses_a_bundle_without_images(refused: Refused) -> None:
    refused("image_preload", "names 0 images", image_preload_images=[])
