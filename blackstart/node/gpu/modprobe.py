"""Have a file of module options, or none, and images of the next start that know it.

mkinitcpio copies /etc/modprobe.d into its images (hook modconf), and a driver that is loaded from there reads no other.
Whether they must be made anew is seen on the node, by an image that is older than the file: what was remembered of a
run would be lost with one that is cut off in between. For the same reason a file that must go is emptied first and
removed last.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from .. import text
from ..command import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..module import Module

EMPTY = "# Emptied by blackstart, and removed as soon as no image of the next start holds options of it.\n"
MODE = 0o644
WRITE, EMPTY_IT, REGENERATE, REMOVE = "write", "empty", "regenerate", "remove"
_IMAGE = re.compile(r"""^\s*(\w+)_(?:image|uki)=["']?([^"'\s]+)""", re.MULTILINE)
_PRESETS = re.compile(r"^\s*PRESETS=\(([^)]*)\)", re.MULTILINE)


def images(preset: str) -> list[str]:
    """Return the images that a preset makes (mkinitcpio's man page, PRESETS); pure."""
    listed = _PRESETS.search(preset)
    names = re.findall(r"\w+", listed[1]) if listed else []
    return [path for name, path in _IMAGE.findall(preset) if name in names]


def steps(before: str | None, wanted: str, *, stale: bool) -> list[str]:
    """Return what must be done, in an order that may be cut off anywhere (pure).

    before is the file's text, None without a file; stale tells that an image is older than it.
    """
    if wanted:
        return [WRITE, REGENERATE] if before != wanted else [REGENERATE] * stale
    if before is None:
        return []
    if before == EMPTY:
        return [REGENERATE] * stale + [REMOVE]
    return [EMPTY_IT, REGENERATE, REMOVE]


def existing(presets: Path) -> Iterator[Path]:
    """Yield the images that are there."""
    for preset in sorted(presets.glob("*.preset")):
        yield from (path for path in map(Path, images(preset.read_text(encoding="utf-8"))) if path.exists())


def replace(path: Path, content: str) -> str:
    """Replace a file at once: a power cut leaves the old one or the new one. Returns what was done."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    text.replace(path, content, MODE)  # modprobe reads names that end in .conf
    return f"wrote {path}" if content != EMPTY else f"emptied {path}"


def remove(path: Path) -> str:
    """Remove the file; returns what was done."""
    path.unlink()
    return f"removed {path}"


def mkinitcpio() -> str | None:
    """Return where the program is that makes the images."""
    return shutil.which("mkinitcpio")


def regenerate(module: Module, path: Path) -> str:
    """Regenerate all images; fails the module with mkinitcpio's last lines."""
    program = mkinitcpio()
    if program is None:
        return "made no image of the next start: there is no mkinitcpio"
    status, out, err = run([program, "-P"])
    if status:
        tail = "\n".join((out + err).strip().splitlines()[-8:])
        # What it did make may be half an image: the file is newer than that again, so the next run starts over.
        path.touch()
        module.fail_json(
            msg=f"mkinitcpio -P failed with status {status}; {path} is written and the next start may not know it. "
            f"Mend what it names, then run again: images that are older than the file are made anew\n{tail}"
        )
    return "made the images of the next start"
