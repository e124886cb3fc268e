#!/usr/bin/python
"""Have a file of module options, or none, and images of the next start that know it.

mkinitcpio copies /etc/modprobe.d into its images (hook modconf), and a driver that is loaded from there reads no other.
Whether they must be made anew is seen on the node, by an image that is older than the file: what was remembered of a
run would be lost with one that is cut off in between. For the same reason a file that must go is emptied first and
removed last.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_node.command import run

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENTATION = r"""
module: blackstart_modprobe
short_description: Ensure a file of module options and the images of the next start
options:
  path: {description: The file below /etc/modprobe.d., type: path, required: true}
  content: {description: Its text; empty when there must be no file., type: str, default: ""}
  presets: {description: Where mkinitcpio's presets name the images., type: path, default: /etc/mkinitcpio.d}
author: [blackstart]
"""

RETURN = r"""
done:
  description: What was changed, in words; without mkinitcpio no image is.
  returned: always
  type: list
  elements: str
"""

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
    fresh = path.with_name(path.name + ".blackstart-new")  # modprobe reads names that end in .conf
    with fresh.open("w", encoding="utf-8") as file:
        file.write(content)
        os.fchmod(file.fileno(), MODE)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    return f"wrote {path}" if content != EMPTY else f"emptied {path}"


def remove(path: Path) -> str:
    """Remove the file; returns what was done."""
    path.unlink()
    return f"removed {path}"


def regenerate(module: AnsibleModule, path: Path) -> str:
    """Make all images anew; fails the module with mkinitcpio's last lines."""
    program = module.get_bin_path("mkinitcpio")
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


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "content": {"type": "str", "default": ""},
            "presets": {"type": "path", "default": "/etc/mkinitcpio.d"},
        },
        supports_check_mode=True,
    )
    path, wanted = Path(module.params["path"]), module.params["content"]
    before = path.read_text(encoding="utf-8") if path.exists() else None
    written = path.stat().st_mtime if path.exists() else 0.0
    stale = any(image.stat().st_mtime < written for image in existing(Path(module.params["presets"])))
    # Without mkinitcpio nothing can be done about an old image, and a change that never ends would be reported.
    todo = steps(before, wanted, stale=stale and module.get_bin_path("mkinitcpio") is not None)
    verbs = {
        WRITE: lambda: replace(path, wanted),
        EMPTY_IT: lambda: replace(path, EMPTY),
        REGENERATE: lambda: regenerate(module, path),
        REMOVE: lambda: remove(path),
    }
    done = list(todo) if module.check_mode else [verbs[step]() for step in todo]
    diff = {"before_header": str(path), "after_header": str(path), "before": before or "", "after": wanted}
    module.exit_json(changed=bool(todo), done=done, diff=diff)


if __name__ == "__main__":
    main()
