"""The catalogue of the bundle agrees with itself and with what upstream's sources name."""

from __future__ import annotations

from blackstart.lab.build import VERSIONS, catalogue
from blackstart.lab.images import IMAGES
from blackstart.lab.package_list import PACKAGES
from blackstart.lab.parts import downwards


def test_part_names_are_unique() -> None:
    names = [part.name for part in downwards(catalogue())]
    assert len(set(names)) == len(names)


def test_image_tags_are_the_bundles_versions() -> None:
    tags = {image.name: image.reference.rpartition(":")[2] for image in IMAGES}
    assert tags["etcd"] == VERSIONS["etcd"]
    assert tags["coredns"] == VERSIONS["coredns"]
    assert tags["pause"] == VERSIONS["pause"]
    assert tags["argocd"] == VERSIONS["argocd"]
    assert {tags[f"kube-{name}"] for name in ("apiserver", "controller-manager", "scheduler")} == {
        VERSIONS["kubernetes"]
    }
    assert {tags[name] for name in ("cilium", "cilium-operator-generic", "hubble-relay")} == {f"v{VERSIONS['cilium']}"}


def test_package_versions_are_the_bundles_versions() -> None:
    versions = {package.name: package.version for package in PACKAGES}
    assert versions["containerd"] == VERSIONS["containerd"]
    assert {versions[name] for name in ("kubeadm", "kubectl")} == {VERSIONS["kubernetes"].removeprefix("v")}
    assert versions["kubelet"] == VERSIONS["kubelet"].removeprefix("v")
