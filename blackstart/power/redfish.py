"""Power by Redfish: the management controller of a server, or an emulator of one."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from blackstart.errors import UnreachableError
from blackstart.power.base import Power, PowerFacts, needed, off_then_on

if TYPE_CHECKING:
    from collections.abc import Iterator

# DMTF Redfish, Resource.PowerState; PoweringOn and PoweringOff are neither.
_SYSTEMS = "/redfish/v1/Systems"
_STATES = {"On": Power.ON, "Off": Power.OFF}


class Redfish:
    """Power of the machine `name`, through the controller at url.

    system is the identity or path of the machine's System resource; empty takes the only one. verify is whether to
    check the controller's certificate, or the file of the authority that signed it.
    """

    tells = True
    repeat = 0.0

    def __init__(
        self, name: str, url: str, user: str, password: str, *, system: str = "", verify: bool | str = True
    ) -> None:
        """Connect nothing yet. Raises InputError when sushy is missing."""
        self._sushy = needed("sushy", "redfish")
        # Our errors say what sushy would log.
        logging.getLogger("sushy").setLevel(logging.CRITICAL)
        self._name = name
        self._url = url
        self._login = {"username": user, "password": password} if user else {}
        self._identity = system if not system or system.startswith("/") else f"{_SYSTEMS}/{system}"
        self._verify = verify

    def on(self) -> str:
        """Reset it to On, unless it is."""
        with self._talking() as system:
            if _power(system) is not Power.ON:
                system.reset_system(self._sushy.RESET_ON)
        return f"the controller at {self._url} switched {self._name} on"

    def off(self, *, force: bool = False) -> str:
        """Reset it to GracefulShutdown or ForceOff, unless it is off."""
        with self._talking() as system:
            if _power(system) is not Power.OFF:
                system.reset_system(self._sushy.RESET_FORCE_OFF if force else self._sushy.RESET_GRACEFUL_SHUTDOWN)
        return (
            f"the controller at {self._url} {'cut the power of' if force else 'asked for a shutdown of'} {self._name}"
        )

    def cycle(self) -> str:
        """Cut, wait for off, switch on: ForceRestart would not take the power away."""
        return off_then_on(self)

    def state(self) -> PowerFacts:
        """Ask the controller."""
        try:
            with self._talking() as system:
                return PowerFacts(_power(system), f"the controller at {self._url} says {_words(system)}")
        except UnreachableError as error:
            return PowerFacts(Power.UNKNOWN, error.message)

    def next_boot(self, *, network: bool) -> str:
        """Set the boot override to Pxe once, or remove it; to Hdd where a controller cannot remove it.

        Some never clear it by themselves: sushy-tools 2.2.0 reports "Once" as Continuous.
        """
        sushy = self._sushy
        with self._talking() as system:
            if network:
                source, target, enabled = "the network", sushy.BOOT_SOURCE_TARGET_PXE, sushy.BOOT_SOURCE_ENABLED_ONCE
            elif sushy.BOOT_SOURCE_TARGET_NONE in system.get_allowed_system_boot_source_values():
                none, disabled = sushy.BOOT_SOURCE_TARGET_NONE, sushy.BOOT_SOURCE_ENABLED_DISABLED
                source, target, enabled = "what its firmware chooses", none, disabled
            else:
                source, target, enabled = "its disk", sushy.BOOT_SOURCE_TARGET_HDD, sushy.BOOT_SOURCE_ENABLED_ONCE
            system.set_system_boot_options(target, enabled=enabled)
        return f"the controller at {self._url} has {self._name} boot from {source} next"

    @contextmanager
    def _talking(self) -> Iterator[Any]:
        """Yield the System resource as it is now; errors of sushy become UnreachableError."""
        try:
            root = self._sushy.Sushy(self._url, verify=self._verify, **self._login)
            yield root.get_system(self._identity or None)
        except self._sushy.exceptions.SushyError as error:
            raise UnreachableError(
                f"the controller of {self._name} at {self._url} failed: {error}",
                hint="check url, user, password and system in its power settings, and that its certificate is trusted",
            ) from error


def _words(system: Any) -> str:  # noqa: ANN401 - sushy has no types
    state = system.power_state
    return str(getattr(state, "value", state))


def _power(system: Any) -> Power:  # noqa: ANN401 - sushy has no types
    return _STATES.get(_words(system), Power.UNKNOWN)
