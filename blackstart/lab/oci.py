"""OCI image layouts as one tar file, written straight from the files they are made of, byte for byte repeatable.

Format: github.com/opencontainers/image-spec, image-layout.md. The reference goes into the annotation that containerd
names imported images by (containerd core/images/archive/importer.go); layers stay uncompressed: unpacking them on
three nodes at once is much of a cold start, and a local disk is faster than gzip.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path, PurePosixPath

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
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


def write_image(out: IO[bytes], reference: str, layers: Iterable[Layer], settings: Settings) -> str:
    """Write an image layout for amd64 to a seekable file; return the digest of the image's manifest."""
    described = [_write_blob(out, layer.write) | {"mediaType": _LAYER} for layer in layers]
    config = {
        "created": _EPOCH,
        "architecture": "amd64",
        "os": "linux",
        "config": settings.document(),
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in described]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": {"mediaType": _CONFIG} | _write_json(out, config),
        "layers": described,
    }
    image = {"mediaType": _MANIFEST} | _write_json(out, manifest)
    names = {"io.containerd.image.name": reference, "org.opencontainers.image.ref.name": reference.rpartition(":")[2]}
    index = {"schemaVersion": 2, "manifests": [image | {"annotations": names}]}
    _write_member(out, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
    _write_member(out, "index.json", _json(index))
    out.write(b"\0" * 2 * tarfile.BLOCKSIZE)
    return str(image["digest"])


class _Digesting(io.RawIOBase):
    """A sink that hashes what passes through."""

    def __init__(self, out: IO[bytes]) -> None:
        self._out = out
        self.sha256 = hashlib.sha256()
        self.size = 0

    def write(self, data: Any) -> int:  # noqa: ANN401 - the base class says so
        self.sha256.update(data)
        self.size += len(data)
        return self._out.write(data)


def _write_blob(out: IO[bytes], write: Callable[[IO[bytes]], None]) -> dict[str, Any]:
    """Stream a blob and go back to name it: its name is its digest, known only at its end."""
    start = out.tell()
    out.write(b"\0" * tarfile.BLOCKSIZE)
    sink = _Digesting(out)
    write(sink)  # type: ignore[arg-type] # tarfile only calls write()
    out.write(b"\0" * (-sink.size % tarfile.BLOCKSIZE))
    digest = sink.sha256.hexdigest()
    end = out.tell()
    out.seek(start)
    out.write(_header(f"blobs/sha256/{digest}", sink.size))
    out.seek(end)
    return {"digest": f"sha256:{digest}", "size": sink.size}


def _write_json(out: IO[bytes], document: dict[str, Any]) -> dict[str, Any]:
    data = _json(document)
    digest = hashlib.sha256(data).hexdigest()
    _write_member(out, f"blobs/sha256/{digest}", data)
    return {"digest": f"sha256:{digest}", "size": len(data)}


def _write_member(out: IO[bytes], name: str, data: bytes) -> None:
    out.write(_header(name, len(data)) + data + b"\0" * (-len(data) % tarfile.BLOCKSIZE))


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    # GNU format: one block whatever the size (base-256 above 8 GiB), so that it can be written afterwards.
    return info.tobuf(tarfile.GNU_FORMAT)


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
