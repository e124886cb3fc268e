"""Power by a program of the user's: a smart plug, a KVM, a hypervisor, a script that calls somebody."""

from __future__ import annotations

from dataclasses import dataclass

from blackstart.engine import process
from blackstart.errors import UnreachableError
from blackstart.power.base import Power, PowerFacts, off_then_on


@dataclass(frozen=True, slots=True)
class Hook:
    """Runs `command` with `{node}` and `{action}` filled in, for at most `seconds`."""

    name: str
    command: tuple[str, ...]
    seconds: float
    tells: bool = False  # not known before the program is run
    repeat: float = 0.0

    def on(self) -> str:
        """Call it with on."""
        self._call("on")
        return f"{self.command[0]} switched {self.name} on"

    def off(self, *, force: bool = False) -> str:
        """Call it with off or force-off."""
        self._call("force-off" if force else "off")
        return f"{self.command[0]} {'cut the power of' if force else 'asked for a shutdown of'} {self.name}"

    def cycle(self) -> str:
        """Call it with force-off, with state until it says off, and with on."""
        return off_then_on(self)

    def state(self) -> PowerFacts:
        """Call it with state: what it prints last is on, off, or something else."""
        try:
            printed = self._call("state").split()
        except UnreachableError as error:
            return PowerFacts(Power.UNKNOWN, error.message)
        said = printed[-1].lower() if printed else ""
        power = {"on": Power.ON, "off": Power.OFF}.get(said, Power.UNKNOWN)
        return PowerFacts(power, f"{self.command[0]} says {said or 'nothing'}")

    def _call(self, action: str) -> str:
        words = [word.replace("{node}", self.name).replace("{action}", action) for word in self.command]
        try:
            return process.run(words, timeout=self.seconds).stdout
        except process.ProcessError as error:
            said = error.output.strip()[-800:] or "no output"
            raise UnreachableError(
                f"the power hook {words[0]} ended with status {error.status} for {action} of {self.name}: {said}",
                hint=f"run it by hand; its arguments are power.command of {self.name} in the inventory",
            ) from error
