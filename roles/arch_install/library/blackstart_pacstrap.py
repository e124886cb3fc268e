#!/usr/bin/python
"""Fetch the packages of a new system and prove their signatures, or install them; and say what went wrong in words.

Both run in a systemd unit: what they leave behind (pacstrap: a gpg-agent that holds the target) ends with it, and a
run that lost its connection can be ended by name.
"""

from __future__ import annotations

import re
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.blackstart_command import run

DOCUMENTATION = r"""
module: blackstart_pacstrap
short_description: Fetch and verify packages, or install them into a new root
options:
  packages: {description: Packages and groups., type: list, elements: str, required: true}
  config: {description: The pacman.conf to go by., type: path, required: true}
  database: {description: A folder for package lists; it stands for a system without packages., type: path, default: ""}
  target: {description: The new root; without it packages are only fetched and verified., type: path, default: ""}
  unit: {description: The unit in which it runs., type: str, required: true}
author: [blackstart]
"""

RETURN = "{}"

# What pacman says (lib/libalpm/error.c, src/pacman/callback.c), and what it means for whom.
SIGNATURES = re.compile(
    r"missing required signature|signature from .* is |invalid or corrupted package|required key missing"
    # A signature that is not in the database is asked for beside the package; there is none.
    r"|failed retrieving file '\S+\.sig' from .* 404"
)
UNREACHABLE = re.compile(
    r"failed (retrieving file|to synchronize)[^\n]*|Could not resolve[^\n]*|Failed to connect[^\n]*"
)
UNKNOWN = re.compile(r"(target not found: \S+|unable to satisfy dependency[^\n]*)")
TROUBLE = re.compile(r"error:|==> ERROR|.* exists in filesystem|.*: signature from")
LINES = 8


def explain(output: str) -> tuple[str, bool]:
    """Return what failed and what to do about it, and whether that is a refusal (pure)."""
    lines = [line for line in output.splitlines() if TROUBLE.match(line)]
    tail = "\n".join((lines or output.strip().splitlines())[-LINES:])
    if SIGNATURES.search(output):
        return (
            f"packages are not signed by a key that this live system trusts:\n{tail}\n"
            "wanted: what arch_siglevel demands. Is the mirror the one that is meant, the clock right, and the live "
            "system not older than the snapshot (its keyring)?"
        ), True
    if UNKNOWN.search(output):
        return (
            f"the snapshot lacks what is to be installed:\n{tail}\ncorrect arch_install_packages or arch_snapshot",
            False,
        )
    if UNREACHABLE.search(output):
        return (
            f"the package archive cannot be reached from the machine:\n{tail}\n"
            "see arch_mirror and arch_snapshot in the inventory, and try that address from another machine there"
        ), False
    return f"packages could not be installed:\n{tail}", False


def command(params: dict[str, object]) -> list[str]:
    """Return what is to be run (pure)."""
    unit = f"--unit={params['unit']}"
    # Not LANG=C: bsdtar then fails on file names that are not ASCII.
    words = ["systemd-run", "--quiet", "--wait", "--collect", "--pipe", unit, "--setenv=LC_ALL=C.UTF-8"]
    packages: list[str] = list(params["packages"])  # type: ignore[call-overload] # Ansible's parameters have no types
    if params["target"]:
        # Its own keyring (-K), no mirror list of the live system (-M), packages where they were fetched to (-c).
        return [*words, "pacstrap", "-K", "-M", "-c", "-C", str(params["config"]), str(params["target"]), *packages]
    folder, config = str(params["database"]), str(params["config"])
    fetch = ["pacman", "--sync", "--refresh", "--downloadonly", "--noconfirm", "--noprogressbar"]
    return [*words, *fetch, "--dbpath", folder, "--config", config, *packages]


def main() -> None:
    """Enter from Ansible."""
    module = AnsibleModule(
        argument_spec={
            "packages": {"type": "list", "elements": "str", "required": True},
            "config": {"type": "path", "required": True},
            "database": {"type": "path", "default": ""},
            "target": {"type": "path", "default": ""},
            "unit": {"type": "str", "required": True},
        },
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=bool(module.params["target"]))
    if module.params["database"]:
        Path(module.params["database"]).mkdir(parents=True, exist_ok=True)
    status, out, err = run(command(module.params))
    if status != 0:
        text, refused = explain(out + err)
        module.fail_json(msg=text, blackstart_refused=refused)
    module.exit_json(changed=bool(module.params["target"]))


if __name__ == "__main__":
    main()
