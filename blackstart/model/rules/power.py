"""Power drivers: no secrets in the inventory, and nothing that is found missing only when power is needed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from blackstart.model.cluster import is_placeholder
from blackstart.model.power import Hook, Ipmi, Lab, Redfish, WakeOnLan
from blackstart.model.problem import Finding
from blackstart.model.rules.nodes import MAC

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blackstart.model.draft import Draft

_ENVIRONMENT_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
# `--password=x`, `token=x`, and credentials in a URL; a file that holds one (`--password-file=x`) is fine.
_SECRET = re.compile(r"(pass(word|wd|phrase)?|secret|token|api-?key)=.|://[^/@\s]+:[^/@\s]+@", re.IGNORECASE)
_SECRET_FOLLOWS = re.compile(r"--?(pass(word|wd|phrase)?|secret|token|api-?key)", re.IGNORECASE)
_FILLED_IN = re.compile(r"\{([a-z_]+)\}")
_INTO_A_FILE = "put it into a file that only you can read, and name that file"


def credentials(draft: Draft) -> Iterator[Finding]:
    """Yield passwords that are no names of a file or an environment variable; what stands there is not repeated."""
    for node, power in draft.each("power"):
        if not isinstance(power, Redfish | Ipmi):
            continue
        if isinstance(power, Redfish) and "@" in urlsplit(power.url).netloc:
            message = "found credentials in the URL, wanted: none"
            yield Finding(("power", "url"), message, "name them by user and password_file", node)
        if power.password_file and power.password_env:
            message = "is set beside password_file; wanted: one of them"
            yield Finding(("power", "password_env"), message, "take one out", node)
        elif power.user and not (power.password_file or power.password_env):
            message = "has a user and no password; wanted: password_file or password_env"
            yield Finding(("power", "password_file"), message, _INTO_A_FILE, node)
        if power.password_env and not _ENVIRONMENT_NAME.fullmatch(power.password_env):
            message = "is no name of an environment variable such as BMC_PASSWORD; is it the password itself?"
            yield Finding(("power", "password_env"), message, _INTO_A_FILE, node)
        if power.password_file and not Path(power.password_file).expanduser().is_file():
            message = "names no file that is there (the value is not shown, for it may be the password itself)"
            yield Finding(("power", "password_file"), message, "it stays on the machine that you type on", node)


def hook_words(draft: Draft) -> Iterator[Finding]:
    """Yield secrets among a hook's arguments, which every user of the machine can see, and unknown placeholders."""
    for node, power in draft.each("power"):
        if not isinstance(power, Hook):
            continue
        before = ""
        for index, word in enumerate(power.command):
            if _SECRET.search(word) or _SECRET_FOLLOWS.fullmatch(before):
                message = "found a secret among the arguments, which every user of this machine can see; wanted: none"
                yield Finding(("power", "command", index), message, _INTO_A_FILE, node)
            for name in set(_FILLED_IN.findall(word)) - {"node", "action"}:
                message = f"found {{{name}}}, wanted {{node}} or {{action}}: nothing else is filled in"
                yield Finding(("power", "command", index), message, "write out what it stands for", node)
            before = word


def wake(draft: Draft) -> Iterator[Finding]:
    """Yield machines that nothing could wake: a magic packet is addressed by a MAC address."""
    for node, power in draft.each("power"):
        if not isinstance(power, WakeOnLan):
            continue
        nic = draft.nodes[node].get("nic_lan")
        mac = power.mac or (nic.mac if nic is not None else "")
        if power.mac and not is_placeholder(power.mac) and not MAC.fullmatch(power.mac):
            message = f"found {power.mac!r}, wanted six pairs such as 02:42:0a:4d:0d:0d"
            yield Finding(("power", "mac"), message, "on the node: ip -brief link", node)
        elif nic is not None and not mac:
            message = "wakes by MAC address, and neither it nor nic_lan has one"
            yield Finding(("power", "mac"), message, "on the node: ip -brief link", node)


def lab(draft: Draft) -> Iterator[Finding]:
    """Yield the practice cluster's button on machines that are none of its containers."""
    if draft.values.get("network_on_this_machine"):
        return
    for node, power in draft.each("power"):
        if isinstance(power, Lab):
            message = "found lab, which presses buttons of the practice cluster only"
            yield Finding(("power", "driver"), message, "wol, redfish, ipmi, hook or ask", node)
