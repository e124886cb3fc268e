"""The live system that a machine boots over the network: a mistake here shows only on a machine that does not boot."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from blackstart.model.problem import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blackstart.model.draft import Draft

_FILLED_IN = re.compile(r"\{([a-z_]+)\}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def command_line(draft: Draft) -> Iterator[Finding]:
    """Yield unknown placeholders, and a live system that would get no authorized keys."""
    line = draft.values.get("netboot_command_line")
    if line is None:
        return
    names = set(_FILLED_IN.findall(line))
    for name in sorted(names - {"live", "seed", "mac"}):
        message = f"found {{{name}}}, wanted {{live}}, {{seed}} or {{mac}}: nothing else is filled in"
        yield Finding(("netboot_command_line",), message, "write out what it stands for")
    if "seed" not in names:
        message = "has no {seed}, so that the live system would not learn whom to let in"
        yield Finding(("netboot_command_line",), message, "add ds=nocloud;s={seed}")


def iso(draft: Draft) -> Iterator[Finding]:
    """Yield an ISO that cannot be fetched in safety, or whose checksum is none."""
    url, pin = draft.values.get("netboot_iso_url"), draft.values.get("netboot_iso_sha256")
    if url and not url.startswith("https://"):
        yield Finding(("netboot_iso_url",), f"found {url}, wanted https://…", "archive.archlinux.org/iso has them all")
    if pin and not _SHA256.fullmatch(pin):
        message = f"found {pin!r:.80}, wanted 64 hexadecimal digits"
        yield Finding(("netboot_iso_sha256",), message, "it is in sha256sums.txt beside the ISO")
