"""OCI image layouts as one tar file, written straight from the files they are made of, byte for byte repeatable.

Format: github.com/opencontainers/image-spec, image-layout.md. The reference goes into the annotation that containerd
names imported images by (containerd core/images/archive/importer.go). Layers are compressed with zstd: on every node
a third of the bytes is sent, hashed, written and synced, and Cilium's agent is imported in 2.5 s instead of 5.4.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path, PurePosixPath

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+zstd"
_EPOCH = "1970-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class Entry:
    """One path in a layer: a file's bytes (source or data), a symlink's target, or a folder when all three are None."""

    mode: int
    source: Path | None = None
    data: bytes | None = None
    target: str | None = None
    owner: tuple[int, int] = (0, 0)


class Layer:
    """A set of paths; folders above them are made as needed (0755, root)."""

    def __init__(self) -> None:
        """Start empty."""
        self.entries: dict[str, Entry] = {}

    def add(self, path: str | PurePosixPath, entry: Entry) -> None:
        """Put an entry at an absolute or relative path; a later one replaces an earlier one."""
        name = str(path).strip("/")
        *above, _last = name.split("/")
        for depth in range(1, len(above) + 1):
            self.entries.setdefault("/".join(above[:depth]), Entry(0o755))
        self.entries[name] = entry

    def file(self, path: str, source: Path, mode: int = 0o755) -> None:
        """Put a file."""
        self.add(path, Entry(mode, source=source))

    def text(self, path: str, text: str, mode: int = 0o644) -> None:
        """Put a file with this text."""
        self.add(path, Entry(mode, data=text.encode()))

    def link(self, path: str, target: str) -> None:
        """Put a symbolic link."""
        self.add(path, Entry(0o777, target=target))

    def folder(self, path: str, mode: int = 0o755, owner: tuple[int, int] = (0, 0)) -> None:
        """Put a folder."""
        self.add(path, Entry(mode, owner=owner))

    def write(self, out: IO[bytes]) -> None:
        """Write the layer as a tar: sorted, time 0, files that share an inode as hard links."""
        inodes: dict[tuple[int, int], str] = {}
        with tarfile.open(fileobj=out, mode="w|", bufsize=1 << 20, format=tarfile.PAX_FORMAT) as tar:
            for name in sorted(self.entries):
                entry = self.entries[name]
                info = _info(name, entry)
                if entry.source is None:
                    tar.addfile(info, io.BytesIO(entry.data or b""))
                    continue
                seen = entry.source.stat()
                first = inodes.setdefault((seen.st_dev, seen.st_ino), name)
                if first != name:
                    info.type, info.linkname = tarfile.LNKTYPE, first
                    tar.addfile(info)
                    continue
                info.size = seen.st_size
                with entry.source.open("rb") as stream:
                    tar.addfile(info, stream)


@dataclass(frozen=True, slots=True)
class Settings:
    """How an image runs (the OCI config object): what kubelet uses where a pod says nothing else."""

    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    user: str = ""
    folder: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """Return it in the specification's words, empty values left out."""
        path = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        values = {
            "Entrypoint": list(self.entrypoint),
            "Cmd": list(self.command),
            "User": self.user,
            "WorkingDir": self.folder,
            "Env": [f"{name}={value}" for name, value in (path | self.environment).items()],
        }
        return {name: value for name, value in values.items() if value}


@dataclass(frozen=True, slots=True)
class PackedLayer:
    """A compressed layer on disk; `digest` is the file's own, diff_id that of the tar in it."""

    file: Path
    digest: str
    diff_id: str


def pack_layer(layer: Layer, file: Path, compress: Callable[[Path, Path], None]) -> PackedLayer:
    """Write a layer to a file; compress(plain, packed) makes the packed file out of the plain one."""
    plain = file.with_suffix(".tar")
    with plain.open("wb") as out:
        layer.write(out)
    diff_id = _digest(plain)
    compress(plain, file)
    plain.unlink()
    return PackedLayer(file, _digest(file), diff_id)


def write_image(out: IO[bytes], reference: str, layers: Sequence[PackedLayer], settings: Settings) -> str:
    """Write an image layout for amd64; return the digest of the image's manifest."""
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as tar:
        described = []
        for layer in layers:
            info = tarfile.TarInfo(_blob_name(layer.digest))
            info.size = layer.file.stat().st_size
            with layer.file.open("rb") as stream:
                tar.addfile(info, stream)
            described.append({"mediaType": _LAYER, "digest": layer.digest, "size": info.size})
        config = {
            "created": _EPOCH,
            "architecture": "amd64",
            "os": "linux",
            "config": settings.document(),
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        }
        manifest = {
            "schemaVersion": 2,
            "mediaType": _MANIFEST,
            "config": {"mediaType": _CONFIG} | _add_json(tar, config),
            "layers": described,
        }
        image = {"mediaType": _MANIFEST} | _add_json(tar, manifest)
        tag = reference.rpartition(":")[2]
        names = {"io.containerd.image.name": reference, "org.opencontainers.image.ref.name": tag}
        _add(tar, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        _add(tar, "index.json", _json({"schemaVersion": 2, "manifests": [image | {"annotations": names}]}))
    return str(image["digest"])


def _add_json(tar: tarfile.TarFile, document: dict[str, Any]) -> dict[str, Any]:
    data = _json(document)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    _add(tar, _blob_name(digest), data)
    return {"digest": digest, "size": len(data)}


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def _blob_name(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"


def _info(name: str, entry: Entry) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.mode = entry.mode
    info.uid, info.gid = entry.owner
    if entry.target is not None:
        info.type, info.linkname = tarfile.SYMTYPE, entry.target
    elif entry.data is not None:
        info.size = len(entry.data)
    elif entry.source is None:
        info.type = tarfile.DIRTYPE
    return info


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
