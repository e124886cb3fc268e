"""Power drivers: the one that a node's inventory names. Waiting for a machine to go off or boot is in waits.py."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from blackstart import plugin
from blackstart.errors import InputError
from blackstart.model import power as models
from blackstart.model.cluster import is_placeholder
from blackstart.power.ask import Ask
from blackstart.power.hook import Hook
from blackstart.power.ipmi import Ipmi
from blackstart.power.redfish import Redfish
from blackstart.power.wol import WakeOnLan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from blackstart.model.cluster import Cluster
    from blackstart.power.base import Driver

_OTHERS = 0o077


def driver(desired: Cluster, name: str, environment: Mapping[str, str] = os.environ) -> Driver:
    """Return a node's power driver; nothing is sent before one of its methods is called.

    Raises InputError when its password cannot be read, or a package that only this driver needs is not installed.
    """
    node = desired.node(name)
    power = node.power
    if isinstance(power, models.Ask):
        return Ask(name, str(node.ansible_host))
    if isinstance(power, models.WakeOnLan):
        mac = power.mac or node.nic_lan.mac
        if not mac or is_placeholder(mac):
            raise InputError(
                f"{name} is woken by its MAC address, and the inventory has {mac or 'none'}",
                hint="on the node: ip -brief link; then fill in nic_lan.mac",
            )
        return WakeOnLan(name, mac, power.broadcast or desired.network.nodes.broadcast_address, power.port)
    if isinstance(power, models.Redfish):
        verify = str(Path(power.ca_file).expanduser()) if power.verify and power.ca_file else power.verify
        secret = _password(name, power.password_file, power.password_env, environment)
        return Redfish(name, power.url, power.user, secret, system=power.system, verify=verify)
    if isinstance(power, models.Ipmi):
        secret = _password(name, power.password_file, power.password_env, environment)
        return Ipmi(name, power.address, power.port, power.user, secret)
    if isinstance(power, models.Hook):
        return Hook(name, power.command, power.timeout_seconds)
    if isinstance(power, models.Lab):
        found: Driver = plugin.load(power.driver, "power").driver(name)
        return found
    assert_never(power)


def _password(name: str, file: str, variable: str, environment: Mapping[str, str]) -> str:
    """Read a password from the file or the environment variable that the inventory names."""
    if variable:
        if variable not in environment:
            raise InputError(
                f"power.password_env of {name} names an environment variable for its controller's password, and it is "
                "not set",
                hint="export it in this shell",
            )
        return environment[variable]
    if not file:
        return ""
    path = Path(file).expanduser()
    try:
        if path.stat().st_mode & _OTHERS:
            raise InputError(
                f"{path}, which holds the password of {name}'s controller, can be read by others than you",
                hint=f"chmod 600 {path}",
            )
        return path.read_text().strip("\n")
    except OSError as error:
        raise InputError(
            f"the password of {name}'s controller cannot be read: {error.strerror}",
            hint="power.password_file names the file",
        ) from error
