"""The interface of power drivers; each driver is one file in this folder."""

from __future__ import annotations

import importlib
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from blackstart.errors import GateTimeoutError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable

_OFF_SECONDS = 30.0  # a machine that is cut off is off at once; its controller may take a while to notice
_PAUSE = 0.5


class Power(StrEnum):
    """Whether a machine has power, as far as its driver can tell."""

    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"


class PowerFacts(NamedTuple):
    """What a driver sees of a machine's power, and the same for people."""

    power: Power
    words: str


class Driver(Protocol):
    """Power control of one machine. Each call returns what was done, or what a person must do, in words.

    Raises UnreachableError, with the controller's answer, when it cannot be reached or fails.
    """

    @property
    def tells(self) -> bool:
        """Whether it can see the power state: then a machine is off only when the driver says so."""

    @property
    def repeat(self) -> float:
        """Seconds after which on() is repeated while the machine does not answer; 0 when once is enough."""

    def on(self) -> str:
        """Switch the machine on; does nothing when it is on."""

    def off(self, *, force: bool = False) -> str:
        """Ask the system to shut down or, with force, cut its power. RefusedError when the driver cannot."""

    def cycle(self) -> str:
        """Cut the power, wait until it is off, and switch on again."""

    def state(self) -> PowerFacts:
        """Return the power state; unknown, and no error, when the driver cannot tell."""


@runtime_checkable
class BootsNetwork(Protocol):
    """A driver that can also set what the machine boots from next."""

    def next_boot(self, *, network: bool) -> str:
        """Have it boot from the network, or as its firmware is set up; return what was done, in words."""


def off_then_on(
    driver: Driver,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Power-cycle with a driver that sees the power; GateTimeoutError, and no power-on, when it stays on."""
    words = driver.off(force=True)
    end = clock() + _OFF_SECONDS
    while (seen := driver.state()).power is not Power.OFF:
        if clock() > end:
            raise GateTimeoutError(
                f"{words}, and after {_OFF_SECONDS:.0f} s it is still not seen off: {seen.words}",
                hint="it was not switched on again; check the machine itself",
            )
        sleep(_PAUSE)
    return f"{words}; {driver.on()}"


def needed(module: str, driver: str) -> Any:  # noqa: ANN401 - a module without types
    """Import what only one driver needs; InputError with the command that installs it when it is missing."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise InputError(
            f"the power driver {driver} needs {module.partition('.')[0]}, which is not installed here ({error})",
            hint="pip install 'blackstart[power]'",
        ) from error
