"""What every power button can do, in one Protocol; a driver is one file beside this one."""

from __future__ import annotations

import importlib
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

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


@dataclass(frozen=True, slots=True)
class PowerFacts:
    """What a driver sees of a machine's power, and the same in words."""

    power: Power
    words: str


class Driver(Protocol):
    """One machine's power button. Each press returns what was done, or what a person is to do, in words.

    Raises UnreachableError when the button cannot be reached or does not work, with what it said.
    """

    @property
    def tells(self) -> bool:
        """Whether it sees the machine's power at all: then nothing but its word makes a machine off."""

    @property
    def repeat(self) -> float:
        """Seconds after which on() is to be said again while the machine is silent; 0 when once is enough."""

    def on(self) -> str:
        """Switch the machine on; harmless when it is on."""

    def off(self, *, force: bool = False) -> str:
        """Ask the system to shut down or, with force, cut its power. RefusedError when it can do neither."""

    def cycle(self) -> str:
        """Cut the power, see that it is gone, and switch on again."""

    def state(self) -> PowerFacts:
        """Look; a driver that cannot tell, or not now, says so and raises nothing."""


@runtime_checkable
class BootsNetwork(Protocol):
    """A button that can also say what the machine boots from when it is switched on next."""

    def next_boot(self, *, network: bool) -> str:
        """Have it boot from the network, or from its disk as its firmware finds it; in words what was done."""


def off_then_on(
    driver: Driver,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Cycle by a driver that sees the power; GateTimeoutError when it does not go away, and then nothing is on."""
    words = driver.off(force=True)
    end = clock() + _OFF_SECONDS
    while (seen := driver.state()).power is not Power.OFF:
        if clock() > end:
            raise GateTimeoutError(
                f"{words}, and {_OFF_SECONDS:.0f} s later it is not seen off: {seen.words}",
                hint="it was not switched on again; look at the machine itself",
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
