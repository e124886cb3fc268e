"""How a node's power button is pressed: one strict model for each kind, told apart by `driver`.

A password is never part of an inventory: it is named by the file or the environment variable that holds it.
"""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Driver(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Ask(_Driver):
    """A person presses it; what and when is printed."""

    driver: Literal["ask"] = "ask"


class WakeOnLan(_Driver):
    """The network interface listens for its own address while the machine is off. It can wake and nothing else.

    Left out, mac is that of nic_lan and broadcast the highest address of network_nodes. Port 9 is "discard".
    """

    driver: Literal["wol"]
    mac: str = ""
    broadcast: IPv4Address | None = None
    port: int = Field(default=9, ge=1, le=65535)


class _Controller(_Driver):
    """A management controller that wants a user and a password."""

    user: str = ""
    password_file: str = ""
    password_env: str = ""


class Redfish(_Controller):
    """A controller's Redfish service at url; system is needed only where it manages more than one.

    verify checks its certificate, against ca_file if there is one (most controllers sign their own).
    """

    driver: Literal["redfish"]
    url: str = Field(min_length=1)
    system: str = ""
    verify: bool = True
    ca_file: str = ""


class Ipmi(_Controller):
    """A controller that speaks IPMI 2.0 over the LAN (RMCP+)."""

    driver: Literal["ipmi"]
    address: str = Field(min_length=1)
    port: int = Field(default=623, ge=1, le=65535)


class Hook(_Driver):
    """A program of yours with its arguments, started without a shell; `{node}` and `{action}` are filled in.

    action is on, off (ask the system), force-off (cut), or state, which prints `on` or `off` (anything else: it cannot
    tell). Any other exit code than 0 is a failure.
    """

    driver: Literal["hook"]
    command: tuple[str, ...] = Field(min_length=1)
    timeout_seconds: float = Field(default=60.0, gt=0)


class Lab(_Driver):
    """A practice node: podman is its button."""

    driver: Literal["lab"]


Power = Annotated[Ask | WakeOnLan | Redfish | Ipmi | Hook | Lab, Field(discriminator="driver")]
MODELS: tuple[type[BaseModel], ...] = (Ask, WakeOnLan, Redfish, Ipmi, Hook, Lab)
# Fields whose wrong values may be shown; any other could hold a secret that was put into the wrong place.
SHOWN = frozenset({"driver", "mac", "broadcast", "port", "system", "verify", "timeout_seconds"})
