"""Image layouts: the same files give the same bytes, and containerd finds what it looks for."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
from typing import TYPE_CHECKING

from blackstart.lab.oci import Layer, Settings, pack_layer, write_image

if TYPE_CHECKING:
    from pathlib import Path


def layer_of(folder: Path) -> Layer:
    folder.mkdir()
    program = folder / "program"
    program.write_bytes(b"\x7fELF")
    os.link(program, folder / "other")
    layer = Layer()
    layer.file("usr/bin/program", program)
    layer.file("/usr/bin/other", folder / "other", 0o700)
    layer.text("etc/passwd", "root:x:0:0::/:/bin/sh\n")
    layer.link("bin", "usr/bin")
    layer.folder("tmp", 0o1777)
    layer.folder("home/argocd", 0o775, owner=(999, 0))
    return layer


def copy(plain: Path, packed: Path) -> None:
    shutil.copyfile(plain, packed)


def image_of(folder: Path) -> tuple[bytes, str]:
    packed = pack_layer(layer_of(folder), folder / "layer", copy)
    out = io.BytesIO()
    digest = write_image(out, "registry.lab/hello:1.0", [packed], Settings(entrypoint=("/hello",), user="999"))
    return out.getvalue(), digest


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    first = image_of(tmp_path / "a")
    os.utime(tmp_path / "a" / "program", (1, 1))
    assert first == image_of(tmp_path / "b")


def test_a_layer_has_its_parents_modes_owners_and_links(tmp_path: Path) -> None:
    out = io.BytesIO()
    layer_of(tmp_path / "a").write(out)
    out.seek(0)
    with tarfile.open(fileobj=out) as tar:
        found = {member.name: member for member in tar}
    assert list(found) == sorted(found)
    assert {member.mtime for member in found.values()} == {0}
    assert found["usr/bin"].isdir()
    assert (found["tmp"].mode, found["home/argocd"].uid, found["home/argocd"].gid) == (0o1777, 999, 0)
    assert (found["bin"].issym(), found["bin"].linkname) == (True, "usr/bin")
    assert (found["usr/bin/program"].islnk(), found["usr/bin/program"].linkname) == (True, "usr/bin/other")
    assert found["usr/bin/other"].size == 4


def test_containerd_finds_reference_manifest_config_and_layer(tmp_path: Path) -> None:
    data, digest = image_of(tmp_path / "a")
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        opened = {member.name: tar.extractfile(member) for member in tar}
        files = {name: file.read() for name, file in opened.items() if file}
    for name, content in files.items():
        if name.startswith("blobs/"):
            assert name == f"blobs/sha256/{hashlib.sha256(content).hexdigest()}"
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    (described,) = json.loads(files["index.json"])["manifests"]
    assert described["digest"] == digest
    assert described["annotations"]["io.containerd.image.name"] == "registry.lab/hello:1.0"
    manifest = json.loads(files[f"blobs/{digest.replace(':', '/')}"])
    config = json.loads(files[f"blobs/{manifest['config']['digest'].replace(':', '/')}"])
    assert config["config"]["Entrypoint"] == ["/hello"]
    assert config["rootfs"]["diff_ids"] == [manifest["layers"][0]["digest"]]  # not compressed in this test
