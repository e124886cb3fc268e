#!/usr/bin/python
"""Set the I/O scheduler of disks that are named by their links in /dev/disk/by-id, as the kernel has it now."""

from __future__ import annotations

import re
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: blackstart_disk_scheduler
short_description: Set the I/O scheduler of disks now
description:
  - Nothing is written to the disks. A udev rule keeps the setting for later starts.
options:
  disks: {description: Names below /dev/disk/by-id., type: list, elements: str, required: true}
  scheduler: {description: One that the kernel offers., type: str, required: true}
author: [blackstart]
"""

RETURN = r"""
done:
  description: The disks whose scheduler was another.
  returned: always
  type: list
  elements: str
"""

BY_ID = Path("/dev/disk/by-id")
BLOCK = Path("/sys/block")


def offered(text: str) -> tuple[str, list[str]]:
    """Return the scheduler in use and all that the kernel offers (pure): "none [mq-deadline]" or a single "none"."""
    words = re.findall(r"[\w-]+", text)
    used = re.search(r"\[([\w-]+)\]", text)
    return used[1] if used else "".join(words[:1]), words


def ensure(disk: str, scheduler: str, *, dry: bool) -> bool:
    """Set one disk's scheduler; return whether it was another. ValueError when the kernel has no such scheduler."""
    name = (BY_ID / disk).resolve(strict=True).name
    file = BLOCK / name / "queue/scheduler"
    used, words = offered(file.read_text())
    if used == scheduler:
        return False
    if scheduler not in words:
        raise ValueError(f"{disk} ({name}): the kernel offers {', '.join(words)}, wanted {scheduler}")
    if not dry:
        file.write_text(scheduler)
    return True


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "disks": {"type": "list", "elements": "str", "required": True},
            "scheduler": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    wanted = module.params["scheduler"]
    try:
        done = [disk for disk in module.params["disks"] if ensure(disk, wanted, dry=module.check_mode)]
    except (OSError, ValueError) as error:
        module.fail_json(msg=f"cannot set an I/O scheduler: {error}")
    module.exit_json(changed=bool(done), done=done)


if __name__ == "__main__":
    main()
