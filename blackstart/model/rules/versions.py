"""Versions: what upstream supports together, and what the bundle has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from blackstart.model.cluster import Versions
from blackstart.model.problem import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blackstart.bundle.manifest import Bundle
    from blackstart.model.draft import Draft

_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)([-+][0-9A-Za-z.-]+)?")
_OLDEST_KUBELET = 3  # minor versions; kubernetes.io/releases/version-skew-policy


def spelling(draft: Draft) -> Iterator[Finding]:
    """Yield versions that do not name one release: branches, ranges, `latest`."""
    for field in Versions.model_fields:
        found = draft.values.get(f"version_{field}")
        if found is not None and not _parts(found) and not (field == "pause" and re.fullmatch(r"\d+\.\d+", found)):
            message = f"found {found!r}, wanted one release such as {'v1.35.1' if field != 'cilium' else '1.18.4'}"
            yield Finding((f"version_{field}",), message, "what is pinned today is what is started next year")


def _parts(text: str) -> tuple[int, int, int] | None:
    found = _VERSION.fullmatch(text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def kubelet_skew(draft: Draft) -> Iterator[Finding]:
    """Yield a kubelet that is newer than the API server, or more than three minor versions older."""
    server = _parts(draft.values.get("version_kubernetes", ""))
    kubelet = _parts(draft.values.get("version_kubelet", ""))
    if server is None or kubelet is None:
        return
    words = f"kubelet {draft.values['version_kubelet']}, API server {draft.values['version_kubernetes']}"
    if kubelet > server:
        hint = "upgrade the API servers first, or pin an older package snapshot"
        yield Finding(("version_kubelet",), f"found {words}; wanted: a kubelet that is not newer", hint)
    elif server[0] != kubelet[0] or server[1] - kubelet[1] > _OLDEST_KUBELET:
        message = f"found {words}; wanted: at most {_OLDEST_KUBELET} minor versions older"
        yield Finding(("version_kubelet",), message, "pin a newer package snapshot")


def in_bundle(draft: Draft, bundle: Bundle) -> Iterator[Finding]:
    """Yield versions that the bundle lacks: a start takes everything from it."""
    for field in Versions.model_fields:
        wanted, has = draft.values.get(f"version_{field}"), bundle.versions.get(field)
        if wanted is not None and wanted != has:
            message = f"found {wanted}, the bundle at {bundle.path} has {has or 'none'}"
            yield Finding((f"version_{field}",), message, "build a bundle with it, or ask for what the bundle has")
    day = draft.values.get("arch_snapshot")
    if day and bundle.packages and not any(name.startswith(f"repos/{day}/") for name in bundle.files):
        has = ", ".join(sorted({"/".join(n.split("/")[1:4]) for n in bundle.files if n.startswith("repos/")})) or "none"
        message = f"found {day}, the bundle at {bundle.path} has the packages of {has}"
        yield Finding(("arch_snapshot",), message, "build a bundle with that day's packages, or pin the bundle's day")
