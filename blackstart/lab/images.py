"""The practice cluster's images: references as upstream's manifests have them, files as upstream's images place them.

References: kubeadm's constants (cmd/kubeadm/app/constants/constants.go), Cilium's chart without digests, Argo CD's
install.yaml. Sets are imported in order: control-plane, network, gitops, platform.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from blackstart.lab import image_files as files
from blackstart.lab.oci import Settings, pack_layer, write_image
from blackstart.lab.parts import Part, code_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from blackstart.lab.image_files import Fill
    from blackstart.lab.parts import Room


@dataclass(frozen=True, slots=True)
class ImageRecipe:
    """One image: its short name, reference, set, the components it is made of, and how its layers are filled."""

    name: str
    reference: str
    set: str
    components: tuple[str, ...]
    fill: Fill
    settings: Settings = field(default_factory=Settings)

    def part(self, components: Mapping[str, Part]) -> Part:
        """Return the part with <name>.tar and image.json {name, set, digest}."""

        def make(room: Room) -> None:
            def compress(plain: Path, packed: Path) -> None:
                room.run(["zstd", "-q", "-3", "-T0", plain, "-o", packed])

            filled = self.fill(room.inputs)
            layers = [pack_layer(layer, room.work / str(number), compress) for number, layer in enumerate(filled)]
            with (room.out / f"{self.name}.tar").open("wb") as out:
                digest = write_image(out, self.reference, layers, self.settings)
            facts = {"name": self.reference, "set": self.set, "digest": digest}
            (room.out / "image.json").write_text(json.dumps(facts))

        inputs = tuple(components[name] for name in self.components)
        recipe = {
            "reference": self.reference,
            "set": self.set,
            "code": code_of("oci", "images", "image_files", "userland"),
        }
        return Part(f"image/{self.name}", f"image {self.reference}", 4, recipe, make, inputs, digests=True)


def _kubernetes(name: str) -> ImageRecipe:
    return ImageRecipe(
        name,
        f"registry.k8s.io/{name}:v1.35.1",
        "control-plane",
        ("kubernetes",),
        files.programs("kubernetes", "usr/local/bin", name),
    )


IMAGES: tuple[ImageRecipe, ...] = (
    _kubernetes("kube-apiserver"),
    _kubernetes("kube-controller-manager"),
    _kubernetes("kube-scheduler"),
    ImageRecipe(
        "etcd",
        "registry.k8s.io/etcd:3.6.6-0",
        "control-plane",
        ("etcd", "etcdctl", "etcdutl"),
        files.etcd,
        Settings(command=("etcd",)),
    ),
    ImageRecipe(
        "coredns",
        "registry.k8s.io/coredns/coredns:v1.13.1",
        "control-plane",
        ("coredns",),
        files.programs("coredns", "", "coredns"),
        Settings(entrypoint=("/coredns",)),
    ),
    ImageRecipe(
        "pause",
        "registry.k8s.io/pause:3.10.1",
        "control-plane",
        ("programs",),
        files.programs("programs", "", "pause"),
        Settings(entrypoint=("/pause",), user="65535:65535"),
    ),
    ImageRecipe(
        "cilium",
        "quay.io/cilium/cilium:v1.18.4",
        "network",
        ("cilium", "cilium-files", "cni-plugins", "userland"),
        files.cilium,
        Settings(
            command=("/usr/bin/cilium-dbg",),
            folder="/home/cilium",
            environment={"HUBBLE_SERVER": "unix:///var/run/cilium/hubble.sock", "INITSYSTEM": "SYSTEMD"},
        ),
    ),
    ImageRecipe(
        "cilium-operator-generic",
        "quay.io/cilium/operator-generic:v1.18.4",
        "network",
        ("cilium",),
        files.programs("cilium", "usr/bin", "cilium-operator-generic"),
        Settings(command=("/usr/bin/cilium-operator-generic",), environment={"GOPS_CONFIG_DIR": "/home/gops"}),
    ),
    ImageRecipe(
        "hubble-relay",
        "quay.io/cilium/hubble-relay:v1.18.4",
        "network",
        ("cilium",),
        files.programs("cilium", "usr/bin", "hubble-relay"),
        Settings(
            entrypoint=("/usr/bin/hubble-relay",),
            command=("serve",),
            user="65532:65532",
            environment={"GOPS_CONFIG_DIR": "/home/gops"},
        ),
    ),
    ImageRecipe(
        "argocd",
        "quay.io/argoproj/argocd:v3.3.2",
        "gitops",
        ("argocd", "argocd-files", "helm", "kustomize", "userland"),
        files.argocd,
        Settings(
            entrypoint=("/usr/bin/tini", "--"),
            user="999",
            folder="/home/argocd",
            environment={"USER": "argocd"},
        ),
    ),
    ImageRecipe(
        "redis",
        "public.ecr.aws/docker/library/redis:8.2.3-alpine",
        "gitops",
        ("userland",),
        files.redis,
        Settings(entrypoint=("redis-server",), folder="/data"),
    ),
    ImageRecipe(
        "hello",
        "registry.lab/hello:1.0",
        "platform",
        ("programs",),
        files.programs("programs", "", "hello"),
        Settings(entrypoint=("/hello",), user="65532:65532"),
    ),
)
