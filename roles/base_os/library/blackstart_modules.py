#!/usr/bin/python
"""Ansible module: kernel modules are loaded now and at boot; what is built in or already there counts as loaded.

In a container nothing can be loaded, and nothing has to be where the machine's kernel has the function: so the
function is looked for, and not the module's file alone.
"""

from __future__ import annotations

DOCUMENTATION = r"""
module: blackstart_modules
short_description: Ensure that kernel modules are loaded, now and at boot
options:
  required:
    description: Modules without which the task fails.
    type: list
    elements: str
    required: true
  optional:
    description: Modules that are loaded where the kernel has them.
    type: list
    elements: str
    default: []
  path:
    description: The modules-load.d file that names those which can be loaded.
    type: path
    required: true
author: [blackstart]
"""

RETURN = r"""
missing:
  description: Optional modules that this kernel does not have.
  returned: always
  type: list
  elements: str
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

# Where a function shows that is built in: not every one has a folder below /sys/module.
SIGNS = {
    "br_netfilter": "/proc/sys/net/bridge",
    "nf_conntrack": "/proc/sys/net/netfilter/nf_conntrack_max",
    "rbd": "/sys/bus/rbd",
}


def present(name: str) -> bool:
    """Tell whether a module's function is in the running kernel."""
    filesystems = Path("/proc/filesystems").read_text().split()
    sign = SIGNS.get(name)
    return Path(f"/sys/module/{name}").exists() or name in filesystems or bool(sign and Path(sign).exists())


def main() -> None:
    """Load what is missing and can be loaded; write the list for the next boot."""
    module = AnsibleModule(
        argument_spec={
            "required": {"type": "list", "elements": "str", "required": True},
            "optional": {"type": "list", "elements": "str", "default": []},
            "path": {"type": "path", "required": True},
        },
        supports_check_mode=True,
    )
    wanted = [*module.params["required"], *module.params["optional"]]
    # A module that systemd is asked to load at boot and cannot find makes the whole boot "degraded".
    loadable = [name for name in wanted if module.run_command(["modprobe", "--dry-run", "--quiet", name])[0] == 0]
    absent = [name for name in wanted if not present(name)]
    lost = [name for name in absent if name in module.params["required"] and name not in loadable]
    if lost:
        module.fail_json(
            msg=f"this kernel has no {', '.join(lost)}, neither built in nor as a module of {Path('/proc/version').read_text().split()[2]}; "
            "if the kernel package was upgraded since boot, reboot first"
        )
    text = "".join(f"{name}\n" for name in loadable)
    path = Path(module.params["path"])
    stale = (path.read_text() if path.exists() else "") != text
    load = [name for name in absent if name in loadable]
    if not module.check_mode:
        for name in load:
            module.run_command(["modprobe", name], check_rc=True)
        if stale:
            path.write_text(text)
    module.exit_json(changed=bool(load or stale), missing=[name for name in absent if name not in loadable])


if __name__ == "__main__":
    main()
