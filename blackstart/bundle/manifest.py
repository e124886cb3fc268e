"""The bundle's own description, bundle.json, and the proof that the files are what it says.

A bundle is a folder:

    bundle.json
    images/<name>.tar            one OCI image layout per image
    charts/<chart>-<version>.tgz
    manifests/<file>.yaml
    repos/YYYY/MM/DD/<repo>/os/x86_64/   pacman repositories in the layout of the Arch Linux Archive
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from blackstart.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Image:
    """One container image: reference as pods name it, its file, the digest of its manifest, and its set.

    Sets are imported in order: control-plane, network, gitops, platform.
    """

    name: str
    file: str
    digest: str
    set: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle on disk: `versions` by component (kubernetes, cilium, …), `files` by relative path to (sha256, size)."""

    path: Path
    versions: dict[str, str]
    images: tuple[Image, ...]
    files: dict[str, tuple[str, int]]
    packages: dict[str, str]

    @classmethod
    def read(cls, path: Path) -> Bundle:
        """Read bundle.json; InputError when there is none or it is not one."""
        try:
            raw: dict[str, Any] = json.loads((path / "bundle.json").read_text())
            if raw["format"] != FORMAT:
                raise InputError(
                    f"the bundle at {path} has format {raw['format']}, this program reads {FORMAT}",
                    hint="build it again with this version of blackstart",
                )
            return cls(
                path=path,
                versions=raw["versions"],
                images=tuple(Image(**image) for image in raw["images"]),
                files={name: (entry["sha256"], entry["size"]) for name, entry in raw["files"].items()},
                packages=raw["packages"],
            )
        except FileNotFoundError as error:
            raise InputError(
                f"there is no bundle at {path}",
                hint="for the practice cluster: blackstart lab build; else set bundle_path in the inventory",
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"the bundle's description {path / 'bundle.json'} cannot be read: {error}",
                hint="it is half-written or altered; build or copy the bundle again",
            ) from error

    def problems(self) -> list[str]:
        """Name every file that is missing, has another size or another SHA-256 than bundle.json says. Reads all."""
        found: list[str] = []
        for name, (sha256, size) in sorted(self.files.items()):
            file = self.path / name
            if not file.is_file():
                found.append(f"{name}: missing")
            elif (actual := file.stat().st_size) != size:
                found.append(f"{name}: {actual} bytes, should be {size}")
            else:
                with file.open("rb") as stream:
                    digest = hashlib.file_digest(stream, "sha256").hexdigest()
                if digest != sha256:
                    found.append(f"{name}: SHA-256 {digest[:16]}…, should be {sha256[:16]}…")
        return found
