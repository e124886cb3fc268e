"""Charts and manifests of the bundle, taken from the modules that publish them."""

from __future__ import annotations

import gzip
import io
import shutil
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

from blackstart.errors import BlackstartError
from blackstart.lab.parts import Part, code_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from blackstart.lab.parts import Room

CILIUM_CHART = "1.18.4"


def cilium_chart(components: Mapping[str, Part]) -> Part:
    """Return the part with charts/cilium-<version>.tgz, as `helm package` would make it."""

    def make(room: Room) -> None:
        chart = room.inputs["cilium-files"] / "install/kubernetes/cilium"
        wanted = f"version: {CILIUM_CHART}"
        if wanted not in (chart / "Chart.yaml").read_text().splitlines():
            raise BlackstartError(f"Cilium's Chart.yaml does not say {wanted}")
        (room.out / "charts").mkdir()
        pack(chart, "cilium", room.out / f"charts/cilium-{CILIUM_CHART}.tgz")

    recipe = {"version": CILIUM_CHART, "code": code_of("files")}
    return Part("chart/cilium", "Cilium's chart", 1, recipe, make, (components["cilium-files"],), digests=True)


def argocd_manifest(components: Mapping[str, Part]) -> Part:
    """Return the part with manifests/argocd-install.yaml, upstream's text."""

    def make(room: Room) -> None:
        (room.out / "manifests").mkdir()
        source = room.inputs["argocd-files"] / "manifests/install.yaml"
        shutil.copyfile(source, room.out / "manifests/argocd-install.yaml")

    recipe = {"code": code_of("files")}
    return Part("manifest/argocd", "Argo CD's manifest", 1, recipe, make, (components["argocd-files"],), digests=True)


def pack(folder: Path, name: str, archive: Path) -> None:
    """Write a folder as a .tgz with `name` as its top folder; the same bytes for the same files."""
    with (
        archive.open("wb") as out,
        gzip.GzipFile("", "wb", fileobj=out, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in sorted(filter(Path.is_file, folder.rglob("*"))):
            info = tarfile.TarInfo(f"{name}/{path.relative_to(folder)}")
            info.size, info.mode = path.stat().st_size, 0o644
            tar.addfile(info, io.BytesIO(path.read_bytes()))
