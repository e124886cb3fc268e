"""Power by IPMI 2.0 over the LAN, for controllers that speak no Redfish."""

from __future__ import annotations

import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from blackstart.errors import UnreachableError
from blackstart.power.base import Power, PowerFacts, needed, off_then_on

if TYPE_CHECKING:
    from collections.abc import Iterator

_STATES = {"on": Power.ON, "off": Power.OFF}


class Ipmi:
    """Power of the machine `name`, through the controller at address."""

    tells = True
    repeat = 0.0

    def __init__(self, name: str, address: str, port: int, user: str, password: str) -> None:
        """Connect nothing yet. Raises InputError when pyghmi is missing."""
        self._command = needed("pyghmi.ipmi.command", "ipmi")
        self._errors = needed("pyghmi.exceptions", "ipmi")
        self._name = name
        self._address = address
        self._login = {"bmc": address, "port": port, "userid": user, "password": password}
        self._session: Any = None

    def on(self) -> str:
        """Chassis control: power up."""
        self._set("on")
        return f"the controller at {self._address} switched {self._name} on"

    def off(self, *, force: bool = False) -> str:
        """Chassis control: soft shutdown by ACPI, or power down."""
        self._set("off" if force else "shutdown")
        did = "cut the power of" if force else "asked for a shutdown of"
        return f"the controller at {self._address} {did} {self._name}"

    def cycle(self) -> str:
        """Cut, wait for off, switch on: IPMI's own cycle is optional and does nothing while the machine is off."""
        return off_then_on(self)

    def state(self) -> PowerFacts:
        """Chassis status."""
        try:
            with self._talking() as command:
                said = str(command.get_power().get("powerstate", "nothing"))
        except UnreachableError as error:
            return PowerFacts(Power.UNKNOWN, error.message)
        return PowerFacts(_STATES.get(said, Power.UNKNOWN), f"the controller at {self._address} says {said}")

    def _set(self, power: str) -> None:
        with self._talking() as command:
            answer = command.set_power(power)
            if "error" in answer:
                raise self._errors.IpmiException(answer["error"])

    @contextmanager
    def _talking(self) -> Iterator[Any]:
        """Log in once: controllers have few sessions, and pyghmi keeps one alive while the program runs."""
        try:
            if self._session is None:
                self._session = self._command.Command(**self._login)
            yield self._session
        # An answer that is no IPMI comes out of pyghmi as an error of struct.
        except (self._errors.PyghmiException, struct.error, OSError) as error:
            self._session = None
            raise UnreachableError(
                f"the controller of {self._name} at {self._address} failed: {error}",
                hint="check address, user and password in its power settings, and that IPMI over LAN is enabled",
            ) from error
